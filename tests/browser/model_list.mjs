// The button of API Captioner that asks a server for its models, in the real frontend, as people press it.
//   node model_list.mjs plan.json   (plan: see frontend.mjs, and {server, down, shot})
import path from 'node:path'
import { TIMEOUT, load, loadApi, readPlan, withFrontend } from './frontend.mjs'

const plan = readPlan()
const TITLE = 'PatchMatters_ApiModel'
const prompt = {
  1: {
    class_type: TITLE,
    inputs: { provider: 'custom server', 'provider.base_url': plan.server, 'provider.other_model': '', concurrency: 5 }
  }
}

const widgets = (page) => page.evaluate((title) => {
  const node = window.app.graph._nodes.find((one) => one.comfyClass === title)
  return node.widgets.map(({ name, value, label, options }) => ({ name, value, label, values: options?.values }))
}, TITLE)

const named = async (page, name) => (await widgets(page)).find((one) => one.name === name)

// Where a widget of the classic renderer is on the page.
const placeOf = (page, name) => page.evaluate(([title, name]) => {
  const { canvas, graph } = window.app
  const node = graph._nodes.find((one) => one.comfyClass === title)
  const widget = node.widgets.find((one) => one.name === name)
  const { scale, offset } = canvas.ds
  const frame = canvas.canvas.getBoundingClientRect()
  const [x, y] = [node.pos[0] + node.size[0] / 2, node.pos[1] + widget.last_y + 10]
  return { x: frame.left + (x + offset[0]) * scale, y: frame.top + (y + offset[1]) * scale }
}, [TITLE, name])

async function press(page) {
  const { label } = await named(page, 'list_models')
  const answered = page.waitForResponse('**/patchmatters/models', { timeout: TIMEOUT }) // until then the label is the old one
  if (plan.vue) await page.getByRole('button', { name: label, exact: true }).click()
  else await page.mouse.click(...Object.values(await placeOf(page, 'list_models')))
  await answered
  await page.waitForFunction((title) => {
    const node = window.app.graph._nodes.find((one) => one.comfyClass === title)
    return !node.widgets.find((one) => one.name === 'list_models').label.startsWith('Asking')
  }, TITLE, { timeout: 20_000 })
  await page.waitForTimeout(300)
}

// The entries that people see when they open the list of models.
async function offered(page) {
  if (plan.vue) {
    await page.getByRole('combobox').filter({ hasText: (await named(page, 'provider.model')).value }).first().click()
    await page.getByRole('option').first().waitFor()
    const entries = await page.getByRole('option').allInnerTexts()
    await page.keyboard.press('Escape')
    return entries.map((text) => text.trim())
  }
  await page.mouse.click(...Object.values(await placeOf(page, 'provider.model')))
  await page.locator('.litemenu-entry').first().waitFor()
  const entries = await page.locator('.litemenu-entry').allInnerTexts()
  await page.keyboard.press('Escape')
  await page.waitForTimeout(300)
  return entries.map((text) => text.trim())
}

async function choose(page, name, value) {
  await page.evaluate(([title, name, value]) => {
    const node = window.app.graph._nodes.find((one) => one.comfyClass === title)
    const widget = node.widgets.find((one) => one.name === name)
    widget.value = value
    widget.callback?.(value, window.app.canvas, node)
  }, [TITLE, name, value])
  await page.waitForTimeout(300)
}

const found = await withFrontend(plan, async (page) => {
  await loadApi(page, prompt, 'models')
  const seen = { before: await widgets(page) }
  await press(page)
  seen.label = (await named(page, 'list_models')).label
  seen.offered = await offered(page)
  await page.screenshot({ path: path.join(plan.shot, `model_list${plan.vue ? '_vue' : ''}.png`) })
  seen.chosen = (await named(page, 'provider.model')).value
  await choose(page, 'provider', 'OpenAI')
  seen.elsewhere = { model: await named(page, 'provider.model'), label: (await named(page, 'list_models')).label }
  await choose(page, 'provider', 'custom server')
  await choose(page, 'provider.base_url', plan.server)
  await choose(page, 'provider', 'custom server')
  await choose(page, 'provider.base_url', plan.server)
  await choose(page, 'provider.model', 'qwen2.5-vl-7b')
  const graph = await page.evaluate(() => window.app.graph.serialize())
  seen.saved = graph.nodes[0].widgets_values
  await load(page, graph, 'again')
  seen.again = await widgets(page)
  seen.prompt = await page.evaluate(async () => (await window.app.graphToPrompt()).output)
  await choose(page, 'provider.base_url', plan.down)
  await press(page)
  seen.told = await page.getByText('has no list of models').first().innerText()
  seen.labelAfter = (await named(page, 'list_models')).label
  return seen
})
console.log(JSON.stringify(found))
