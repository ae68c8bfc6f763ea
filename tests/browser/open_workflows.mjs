// Opens workflows in the real ComfyUI frontend in headless Chromium, runs some, and says what a person would see.
//   node open_workflows.mjs plan.json      (plan: {url, chromium, playwright, vue, shots, workflows: [{path, run}]})
// Prints one JSON object: {workflows: [{stem, missing, overlaps, messages, prompt, run}], problems, external}
import fs from 'node:fs'
import path from 'node:path'
import { TIMEOUT, load, messages, readPlan, runGraph, withFrontend } from './frontend.mjs'

const plan = readPlan()

async function main() {
  return withFrontend(plan, async (page) => {
    const workflows = []
    for (const workflow of plan.workflows) workflows.push(await visit(page, workflow))
    return { workflows }
  })
}

async function visit(page, { path: file, run }) {
  const stem = path.basename(file, '.json')
  await load(page, JSON.parse(fs.readFileSync(file, 'utf8')), stem)
  const seen = { stem, ...await page.evaluate(inspectGraph, plan.vue), messages: await messages(page) }
  seen.prompt = await page.evaluate(async () => (await window.app.graphToPrompt()).output)
  if (run) seen.run = await page.evaluate(runGraph, TIMEOUT)
  await page.waitForTimeout(run ? 1500 : 0)
  if (run) Object.assign(seen, { after: await page.evaluate(inspectGraph, plan.vue), messages: await messages(page) })
  await page.evaluate(async () => window.app.extensionManager.command.execute('Comfy.Canvas.FitView'))
  await page.waitForTimeout(1200)
  const shot = path.join(plan.shots, `${stem}${plan.vue ? '_vue' : ''}`)
  await page.screenshot({ path: `${shot}.png` })
  await page.screenshot({ path: `${shot}_graph.png`, clip: await page.evaluate(graphOnScreen) })
  return seen
}

// Types that are not registered, pairs of nodes that lie on one another (titles included), and the texts shown.
function inspectGraph(vue) {
  const nodes = window.app.graph._nodes
  const drawn = (node) => {
    if (!vue) return node.boundingRect
    const { x, y, width, height } = document.querySelector(`[data-node-id="${node.id}"]`).getBoundingClientRect()
    return [x, y, width, height]
  }
  const boxes = nodes.map((node) => [`${node.title} #${node.id}`, ...drawn(node)])
  const overlaps = []
  boxes.forEach(([a, x, y, w, h], i) => boxes.slice(i + 1).forEach(([b, x2, y2, w2, h2]) => {
    if (x < x2 + w2 && x2 < x + w && y < y2 + h2 && y2 < y + h) overlaps.push(`${a} / ${b}`)
  }))
  const missing = nodes.filter((node) => !window.LiteGraph.registered_node_types[node.type]).map((node) => node.type)
  const texts = nodes.filter((node) => node.type === 'PreviewAny')
    .map((node) => [node.title, node.widgets?.map((w) => w.value).filter((v) => typeof v === 'string').join('\n') ?? ''])
  return { missing, overlaps, texts: Object.fromEntries(texts) }
}

// Where the groups lie on the page: what a picture of the graph alone shows.
function graphOnScreen() {
  const { scale, offset } = window.app.canvas.ds
  const page = window.app.canvas.canvas.getBoundingClientRect()
  const sides = window.app.graph._groups.map(({ boundingRect: [x, y, w, h] }) => [x, y, x + w, y + h])
  const side = (pick, axis, i) => (pick(...sides.map((one) => one[i])) + offset[axis]) * scale
  const [left, top, right, bottom] = [side(Math.min, 0, 0), side(Math.min, 1, 1), side(Math.max, 0, 2), side(Math.max, 1, 3)]
  return { x: left + page.x, y: top + page.y, width: right - left, height: bottom - top }
}

console.log(JSON.stringify(await main()))
