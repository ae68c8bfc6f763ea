// Opens workflows in the real ComfyUI frontend in headless Chromium, runs some, and says what a person would see.
//   node open_workflows.mjs plan.json      (plan: {url, chromium, playwright, vue, shots, workflows: [{path, run}]})
// Prints one JSON object: {workflows: [{stem, missing, overlaps, messages, prompt, run}], problems, external}
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const plan = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const playwright = await import(pathToFileURL(path.join(plan.playwright, 'index.mjs')))
const chromium = playwright.chromium ?? playwright.default.chromium
const TIMEOUT = 120_000
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']
// What a first visit would put in front of the graph is switched off; text is drawn however far the view is out.
const SETTINGS = {
  'Comfy.TutorialCompleted': true, 'Comfy.Workflow.Persist': false, 'Comfy.Release.Status': 'skipped', 'Comfy.Locale': 'en',
  'Comfy.VueNodes.Enabled': plan.vue, 'Comfy.VueNodes.AutoScaleLayout': false, 'Comfy.Minimap.Visible': false,
  'Comfy.Graph.CanvasInfo': false, 'LiteGraph.Canvas.MinFontSizeForLOD': 0
}

async function main() {
  for (const [id, value] of Object.entries(SETTINGS)) await post(`/settings/${id}`, value)
  const browser = await chromium.launch({ executablePath: plan.chromium, args: FLAGS })
  try {
    const seen = { workflows: [], problems: [], external: new Set() }
    const page = await openFrontend(browser, seen)
    for (const workflow of plan.workflows) seen.workflows.push(await visit(page, workflow))
    return { ...seen, external: [...seen.external] }
  } finally {
    await browser.close()
  }
}

async function post(route, value) {
  const body = JSON.stringify(value)
  const response = await fetch(plan.url + route, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  if (!response.ok) throw new Error(`${route}: ${response.status}`)
}

// A page with the frontend ready; it never leaves the loopback server, and errors of extensions are collected.
async function openFrontend(browser, seen) {
  const context = await browser.newContext({ viewport: { width: 2200, height: 1100 } })
  const host = new URL(plan.url).host
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url())
    if (url.host === host || ['data:', 'blob:'].includes(url.protocol)) return route.continue()
    seen.external.add(url.host)
    return route.abort()
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => seen.problems.push(`page: ${error.message}`))
  page.on('console', (message) => {
    const from = `${message.location()?.url ?? ''} ${message.text()}`
    if (message.type() === 'error' && /extension/i.test(from)) seen.problems.push(`console: ${from}`)
  })
  await page.goto(plan.url, { waitUntil: 'domcontentloaded', timeout: TIMEOUT })
  await page.waitForFunction(() => window.app?.graph && window.app?.canvas && window.app.extensionManager &&
    Object.keys(window.LiteGraph?.registered_node_types ?? {}).length > 100, null, { timeout: TIMEOUT })
  await page.waitForTimeout(1500)
  await page.keyboard.press('Escape')
  return page
}

async function visit(page, { path: file, run }) {
  const stem = path.basename(file, '.json')
  await page.evaluate(async ([graph, name]) => window.app.loadGraphData(graph, true, true, name),
    [JSON.parse(fs.readFileSync(file, 'utf8')), stem])
  await page.waitForTimeout(1000)
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

// Errors and warnings that the frontend shows over the graph.
async function messages(page) {
  const found = page.locator('.p-toast-message-error, .p-toast-message-warn, [role="dialog"], [data-testid="error-overlay"]')
  return (await found.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean)
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

function runGraph(timeout) {
  return new Promise((resolve) => {
    const api = window.comfyAPI.api.api
    const end = (status, detail) => resolve({ status, message: detail?.exception_message ?? '' })
    api.addEventListener('execution_success', () => setTimeout(() => end('success'), 300), { once: true })
    api.addEventListener('execution_error', (event) => end('error', event.detail), { once: true })
    setTimeout(() => end('timeout'), timeout)
    window.app.queuePrompt(0, 1).then(() => {
      const errors = window.app.lastNodeErrors
      if (errors && Object.keys(errors).length) end('refused', { exception_message: JSON.stringify(errors) })
    })
  })
}

console.log(JSON.stringify(await main()))
