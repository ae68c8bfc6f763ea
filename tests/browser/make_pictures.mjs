// One picture of the README, named by the plan: {name, graph, picture, scene, shots} beside what frontend.mjs reads.
import fs from 'node:fs'
import path from 'node:path'
import { TIMEOUT, load, loadApi, readPlan, runGraph, withFrontend } from './frontend.mjs'

const plan = readPlan()
const file = path.join(plan.shots, `shot_${plan.name}.png`)
const prompt = {
  1: { class_type: 'LoadImage', inputs: { image: plan.picture } },
  2: { class_type: 'PatchMatters_LoadScene', inputs: { image: ['1', 0], scene_file: plan.scene } },
  3: { class_type: 'PatchMatters_Inspect', inputs: { scene: ['2', 0] } }
}

async function inspector(page) {
  await loadApi(page, prompt, 'inspect')
  await page.evaluate(() => {
    const node = window.app.graph._nodes.find((one) => one.comfyClass === 'PatchMatters_Inspect')
    node.pos = [0, 0]
    node.setSize([980, 950]) // room for the picture, the caption and its evidence at once
    window.app.graph._nodes.filter((one) => one !== node).forEach((one, number) => { one.pos = [-900, number * 400] })
    Object.assign(window.app.canvas.ds, { scale: 1 })
    window.app.canvas.ds.offset = [160, 120]
    window.app.canvas.setDirty(true, true)
  })
  await page.evaluate(runGraph, TIMEOUT)
  await page.locator('.pm-picture').waitFor()
  await page.locator('.pm-patch-head').nth(3).click() // it has a statement of every fate
  await page.locator('.pm-sentence').nth(3).click()
  await page.locator('.pm-sentence').nth(3).hover()
  await page.waitForTimeout(6000) // until the host's own messages have gone
  const { x, y, width, height } = await page.locator('.pm-inspector').boundingBox()
  await page.screenshot({ path: file, clip: { x: x - 14, y: y - 66, width: width + 28, height: height + 80 } })
}

async function graph(page) {
  await load(page, JSON.parse(fs.readFileSync(plan.graph, 'utf8')), 'caption_step_by_step')
  await page.evaluate(runGraph, TIMEOUT)
  await page.evaluate(async () => window.app.extensionManager.command.execute('Comfy.Canvas.FitView'))
  await page.waitForTimeout(6000)
  await page.screenshot({ path: file, clip: { x: 240, y: 160, width: 1700, height: 760 } })
}

async function templates(page) {
  await page.evaluate(async () => window.app.extensionManager.command.execute('Comfy.BrowseTemplates'))
  await page.waitForTimeout(3000)
  await page.getByText('patchmatters').first().click()
  await page.waitForTimeout(4000)
  await page.screenshot({ path: file })
}

async function help(page) {
  await loadApi(page, prompt, 'help')
  await page.evaluate(() => {
    const node = window.app.graph._nodes.find((one) => one.comfyClass === 'PatchMatters_Inspect')
    window.app.canvas.selectNode(node)
  })
  await page.waitForTimeout(800)
  await page.evaluate(async () => window.app.extensionManager.command.execute('Comfy.Graph.FitGroupToContents').catch(() => {}))
  await page.locator('[data-testid="info-button"], button:has(.lucide-info), button:has([class*="info"])').first().click()
  await page.waitForTimeout(2500)
  await page.screenshot({ path: file })
}

const INSPECTOR = { viewport: { width: 1320, height: 1190 }, density: 1.3 }
const LARGE = { width: 2200, height: 1100 }
const SETUPS = {
  inspector: [inspector, INSPECTOR],
  inspector_light: [inspector, { ...INSPECTOR, palette: 'light', vue: true }],
  graph: [graph, { viewport: LARGE }],
  templates: [templates, { viewport: { width: 1500, height: 900 } }],
  help: [help, { viewport: { width: 1500, height: 900 } }]
}
const [take, setup] = SETUPS[plan.name]
await withFrontend({ ...plan, ...setup }, async (page) => { await take(page); return {} })
