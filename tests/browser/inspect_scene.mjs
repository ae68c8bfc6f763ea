// What people do with Inspect Scene in the real frontend, one scenario a call, and what they see.
//   node inspect_scene.mjs plan.json   (plan: see frontend.mjs, and {scenario, shot, folder, scene, picture, text})
import fs from 'node:fs'
import path from 'node:path'
import { TIMEOUT, drop, load, loadApi, messages, readPlan, ready, runGraph, withFrontend } from './frontend.mjs'

const plan = readPlan()
const prompt = {
  1: { class_type: 'LoadImage', inputs: { image: plan.picture } },
  2: { class_type: 'PatchMatters_LoadScene', inputs: { image: ['1', 0], scene_file: plan.scene } },
  3: { class_type: 'PatchMatters_Inspect', inputs: { scene: ['2', 0] } }
}

// A workflow file as people share it, dropped on the canvas, with room for the view.
async function dropWorkflow(page) {
  await loadApi(page, prompt, 'inspect')
  const graph = await page.evaluate(([width, height]) => {
    const node = window.app.graph._nodes.find((one) => one.comfyClass === 'PatchMatters_Inspect')
    node.setSize([width, height])
    node.pos = [760, 80]
    return { ...window.app.graph.serialize(), id: '6b1f6c8e-1d0e-4a53-9d3e-2f5f3f8f0a11' }
  }, plan.size ?? [520, 860])
  graph.extra = { ...graph.extra, ds: { scale: 1, offset: [-560, 40] } }
  const file = path.join(plan.folder, 'inspect_scene.json')
  fs.writeFileSync(file, JSON.stringify(graph))
  await page.evaluate(() => window.app.graph.clear())
  await drop(page, file)
  return graph
}

async function runAndWait(page) {
  const run = await page.evaluate(runGraph, TIMEOUT)
  await page.waitForFunction(() => document.querySelector('.pm-picture img')?.naturalWidth > 0, null, { timeout: 20_000 })
  await page.waitForTimeout(500)
  return run
}

const all = (page, selector) => page.locator(selector).evaluateAll((found) => found.map((one) => one.textContent.trim()))
const boxesOn = (page) => page.locator('.pm-box.pm-on').evaluateAll((found) => found.map((one) => one.getAttribute('aria-label')))
const shoot = (page, name) => page.screenshot({ path: path.join(plan.shot, `inspect_${name}${plan.vue ? '_vue' : ''}.png`) })

// Each statement with the place of its threshold line, as a share of the bar; null where there is no bar or no line.
const limitsOf = (rows) => rows.map((row) => {
  const meter = row.querySelector('.pm-meter')
  const line = meter && window.getComputedStyle(meter, '::after')
  const place = line && line.display !== 'none' ? (parseFloat(line.left) + 1) / meter.offsetWidth : null
  return [row.querySelector('.pm-words').textContent, place === null ? null : Math.round(place * 100) / 100]
})

const SCENARIOS = {
  async journey(page) {
    const before = await dropWorkflow(page)
    const empty = await all(page, '.pm-message')
    const run = await runAndWait(page)
    const seen = { empty, run, caption: await all(page, '.pm-sentence .pm-words'), messages: await messages(page) }
    seen.picture = await page.locator('.pm-picture img').evaluate((one) => [one.naturalWidth, one.naturalHeight])
    await page.locator('.pm-sentence').nth(3).hover()
    seen.hovered = await boxesOn(page)
    await page.locator('.pm-box[aria-label="top-left"]').hover({ position: { x: 40, y: 60 } })
    seen.pointed = await all(page, '.pm-sentence.pm-on .pm-words')
    await page.locator('.pm-sentence').nth(2).click()
    seen.evidence = await all(page, '.pm-evidence-row .pm-words')
    await page.locator('.pm-evidence-row').first().click()
    seen.opened = await all(page, '.pm-patch-head[aria-expanded="true"] .pm-patch-name')
    seen.statements = await page.locator('.pm-statement').evaluateAll((found) => found.map((one) =>
      [one.querySelector('.pm-words').textContent, one.classList.contains('pm-kept')]))
    await shoot(page, 'explained')
    await page.locator('.pm-title').click()
    return { ...seen, ...await slide(page), ...await copy(page), ...await saved(page, before) }
  },

  // Every sentence and every box pressed with the mouse, as people do: nothing but the wheel brings them into view.
  async press(page) {
    await dropWorkflow(page)
    await runAndWait(page)
    const sizes = []
    for (const size of plan.sizes) sizes.push(await pressed(page, size))
    return { sizes }
  },

  // A Scene with more of everything than a page can draw, in a part of the page of its own.
  async flood(page) {
    const text = fs.readFileSync(plan.text, 'utf8')
    await page.evaluate(placeView, text)
    const count = () => page.locator('.pm-flood *').count()
    const seen = { elements: await count(), sentences: await page.locator('.pm-flood .pm-sentence').count() }
    seen.more = await all(page, '.pm-flood .pm-more:visible')
    await page.locator('.pm-flood .pm-caption .pm-more').click()
    seen.moreSentences = await page.locator('.pm-flood .pm-sentence').count()
    await page.locator('.pm-flood .pm-sentence').first().click()
    await page.locator('.pm-flood .pm-evidence-row').first().click()
    seen.statement = await focusedText(page)
    seen.after = await count()
    return seen
  },

  async bars(page) {
    await dropWorkflow(page)
    await runAndWait(page)
    const limits = {}
    for (const name of plan.patches) {
      const head = page.locator('.pm-patch-head', { has: page.getByText(name, { exact: true }) })
      await head.click()
      limits[name] = await page.locator('.pm-patch', { has: head }).locator('.pm-statement').evaluateAll(limitsOf)
    }
    await page.locator('.pm-threshold').hover()
    await page.locator('.pm-patches').evaluate((one) => one.scrollIntoView())
    await shoot(page, 'bars')
    const sets = await page.locator('.pm-statement').evaluateAll((found) => found.flatMap((one) => one.getAttribute('aria-description') ?? []))
    const hints = await page.locator('.pm-score').evaluateAll((found) => found.map((one) => one.title))
    const support = await all(page, '.pm-measure > .pm-support')
    return { limits, sets, hints, support, reasons: await all(page, '.pm-reason') }
  },

  // A sentence, then another, whose statements witnesses were heard about: what they saw is drawn while it is pointed at.
  async witnesses(page) {
    await dropWorkflow(page)
    await runAndWait(page)
    const drawn = () => page.locator('.pm-seen').evaluateAll((found) => found.map((one) => ({
      text: one.textContent, ruling: one.className.replace('pm-seen pm-', ''),
      place: ['left', 'top', 'width', 'height'].map((edge) => parseFloat(one.style[edge]))
    })))
    const seen = { before: await drawn() }
    await page.locator('.pm-sentence').nth(plan.sentence).click()
    seen.sentence = await drawn()
    await shoot(page, 'witnesses')
    await page.locator('.pm-evidence-row').first().click()
    seen.statement = await drawn()
    seen.told = await page.locator('.pm-witness').evaluateAll((found) => found.map((one) => [one.textContent, one.title]))
    await page.keyboard.press('Escape')
    await page.locator('.pm-title').hover()
    seen.after = await drawn()
    return seen
  },

  async keyboard(page) {
    await dropWorkflow(page)
    await runAndWait(page)
    await page.locator('.pm-sentence').first().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    const seen = { sentence: await focusedText(page), boxes: await boxesOn(page) }
    await page.keyboard.press('Enter')
    seen.evidence = await all(page, '.pm-evidence-row .pm-words')
    await page.keyboard.press('Escape')
    seen.closed = await page.locator('.pm-evidence').isHidden()
    await page.locator('.pm-patch-head').first().focus()
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    seen.opened = await all(page, '.pm-patch-head[aria-expanded="true"] .pm-patch-name')
    await page.keyboard.press('Tab')
    seen.statement = await page.evaluate(() => document.activeElement.className)
    await page.locator('.pm-threshold input').focus()
    await page.keyboard.press('End')
    seen.slider = await all(page, '.pm-value')
    seen.unnamed = await page.locator('.pm-inspector button, .pm-inspector [role=button], .pm-inspector input').evaluateAll((found) =>
      found.filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim())).length)
    seen.nodes = await page.evaluate(() => window.app.graph._nodes.length)
    return seen
  },

  async reload(page) {
    await dropWorkflow(page)
    await runAndWait(page)
    await page.waitForTimeout(1500)
    await page.reload({ waitUntil: 'domcontentloaded' })
    await ready(page)
    if (!await page.locator('.pm-inspector').count()) await drop(page, path.join(plan.folder, 'inspect_scene.json'))
    await page.locator('.pm-picture').first().waitFor({ timeout: 10_000 })
    const recalled = await all(page, '.pm-sentence .pm-words')
    return { recalled, run: await runAndWait(page), caption: await all(page, '.pm-sentence .pm-words') }
  },

  // The workflow that ran, opened once more: as it was, and with the picture that a template names.
  async reopen(page) {
    const graph = await dropWorkflow(page)
    await runAndWait(page)
    const opened = async (picture) => {
      const again = JSON.parse(JSON.stringify(graph))
      for (const node of again.nodes) if (node.type === 'LoadImage') node.widgets_values[0] = picture
      await load(page, again, 'again')
      await page.waitForTimeout(1500)
      return [await all(page, '.pm-sentence .pm-words'), await all(page, '.pm-message')]
    }
    return { same: await opened(plan.picture), other: await opened('example.png') }
  },

  async words(page) {
    await dropWorkflow(page)
    const titles = await page.evaluate(() => window.app.graph._nodes.map((node) => node.title))
    const empty = await all(page, '.pm-message')
    await runAndWait(page)
    await page.locator('.pm-patch-head').nth(1).click()
    await shoot(page, plan.locale)
    return { titles, empty, heads: await all(page, '.pm-inspector h3'), buttons: await all(page, '.pm-head button') }
  },

  async hostile(page) {
    await dropWorkflow(page)
    const run = await runAndWait(page)
    const seen = { run, caption: await all(page, '.pm-sentence .pm-words') }
    for (const head of await page.locator('.pm-patch-head').all()) await head.click()
    await shoot(page, 'hostile')
    seen.elements = await page.locator('.pm-inspector').evaluate((view) =>
      [...new Set([...view.querySelectorAll('*')].map((one) => one.tagName.toLowerCase()))].sort())
    seen.images = await page.locator('.pm-inspector img').count()
    seen.wide = await page.locator('.pm-body').evaluate((one) => one.scrollWidth - one.clientWidth)
    seen.stolen = await page.evaluate(() => window.stolen ?? null)
    await page.locator('.pm-link').first().click()
    seen.longest = await page.locator('.pm-sentence').evaluateAll((found) => Math.max(...found.map((one) => one.textContent.length)))
    return seen
  },

  async subgraph(page) {
    await dropWorkflow(page)
    await page.evaluate(() => {
      const inner = window.app.graph._nodes.filter((node) => node.type.startsWith('PatchMatters_'))
      window.app.graph.convertToSubgraph(new Set(inner))
    })
    await page.waitForTimeout(800)
    const run = await page.evaluate(runGraph, TIMEOUT)
    await page.evaluate(() => {
      const outer = window.app.graph._nodes.find((node) => node.subgraph)
      window.app.canvas.openSubgraph ? window.app.canvas.openSubgraph(outer.subgraph, outer) : window.app.canvas.setGraph(outer.subgraph)
    })
    await page.waitForTimeout(1000)
    await page.evaluate(async () => window.app.extensionManager.command.execute('Comfy.Canvas.FitView'))
    await page.waitForTimeout(1200)
    await shoot(page, 'subgraph')
    return { run, caption: await all(page, '.pm-sentence .pm-words') }
  },

  // The blueprint: offered in the node library, and its one node connected and run.
  async blueprint(page) {
    const type = await page.evaluate(async () => {
      const offered = Object.values(await window.comfyAPI.api.api.getGlobalSubgraphs())
      return offered.filter((one) => one.info.node_pack.includes('patchmatters')).map((one) => one.name).join()
    })
    const blueprint = JSON.parse(fs.readFileSync(plan.workflow, 'utf8'))
    await load(page, blueprint, 'blueprint')
    const placed = await page.evaluate(() => {
      const graph = window.app.graph
      const caption = graph._nodes[0]
      const add = (type, at) => { const node = window.LiteGraph.createNode(type); node.pos = at; graph.add(node); return node }
      const into = (node, name) => node.inputs.findIndex((input) => input.name === name)
      const image = add('LoadImage', [-400, 0])
      image.widgets[0].value = 'example.png'
      image.connect(0, caption, into(caption, 'image'))
      add('PatchMatters_BuiltinModel', [-400, 400]).connect(0, caption, into(caption, 'chat_model'))
      add('PatchMatters_Scorer', [-400, 560]).connect(0, caption, into(caption, 'scorer'))
      caption.connect(0, add('PreviewAny', [480, 0]), 0)
      return { inputs: caption.inputs.map((one) => one.name), outputs: caption.outputs.map((one) => one.name), widgets: caption.widgets.map((one) => [one.name, one.value]) }
    })
    const run = await page.evaluate(runGraph, TIMEOUT)
    await page.evaluate(async () => window.app.extensionManager.command.execute('Comfy.Canvas.FitView'))
    await page.waitForTimeout(1200)
    await shoot(page, 'blueprint')
    const text = await page.evaluate(() => window.app.graph._nodes.find((one) => one.type === 'PreviewAny').widgets.map((one) => one.value).join(''))
    return { type, placed, run, text, messages: await messages(page) }
  },

  async progress(page) {
    await load(page, JSON.parse(fs.readFileSync(plan.workflow, 'utf8')), 'progress')
    await page.evaluate((seed) => {
      const describe = window.app.graph._nodes.find((one) => one.comfyClass === 'PatchMatters_Describe')
      describe.widgets.find((one) => one.name === 'seed').value = seed // so that nothing comes from the cache
      window.told = []
      window.comfyAPI.api.api.addEventListener('patchmatters.progress', ({ detail }) => {
        window.told.push({ ...detail, shown: [...document.querySelectorAll('.pm-progress strong')].map((one) => one.textContent) })
      })
    }, plan.vue ? 1002 : 1001)
    const run = await page.evaluate(runGraph, TIMEOUT)
    const seen = { run, told: await page.evaluate(() => window.told), left: await page.locator('.pm-progress').count() }
    await page.evaluate(() => {
      const node = window.app.graph._nodes.find((one) => one.comfyClass === 'PatchMatters_Describe')
      const text = 'A fishing boat lies on calm water at sunset, and a lighthouse stands on'
      const detail = { node: String(node.id), stage: 'describe', name: 'harbour: top-left, candidate 2', done: 4, total: 13, text }
      window.comfyAPI.api.api.dispatchEvent(new CustomEvent('patchmatters.progress', { detail }))
    })
    await page.waitForTimeout(600)
    await shoot(page, 'progress')
    seen.note = await page.locator('.pm-progress').evaluateAll((found) => found.map((one) => one.innerText))
    seen.under = await page.evaluate(() => {
      const node = window.app.graph._nodes.find((one) => one.comfyClass === 'PatchMatters_Describe')
      const [left, top, , height] = node.boundingRect
      const { scale, offset } = window.app.canvas.ds
      const page = window.app.canvas.canvas.getBoundingClientRect()
      const note = document.querySelector('.pm-progress').getBoundingClientRect()
      return [note.left - page.left - (left + offset[0]) * scale, note.top - page.top - (top + height + offset[1]) * scale]
    })
    return seen
  },

  // The time from a Scene's text to its first paint, of the view alone, in a part of the page of its own.
  async large(page) {
    const text = fs.readFileSync(plan.text, 'utf8')
    return page.evaluate(async (text) => {
      const { Inspector } = await import('/extensions/patchmatters/js/inspector.js')
      const { sayIn } = await import('/extensions/patchmatters/js/words.js')
      const pixel = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='
      const times = []
      for (let round = 0; round < 5; round += 1) {
        const view = new Inspector({ load: async () => text, address: () => pixel }, () => sayIn())
        const place = document.createElement('div')
        place.style.cssText = 'position: fixed; inset: 0 auto auto 0; width: 520px; height: 860px; z-index: 9999'
        place.append(view.element)
        document.body.append(place)
        place.getBoundingClientRect()
        const start = performance.now()
        await view.show([{ scene: {}, picture: {} }])
        const last = () => [...view.element.querySelectorAll('.pm-patch')].at(-1)
        last().getBoundingClientRect()
        const built = performance.now() - start
        const slider = view.element.querySelector('.pm-threshold input')
        slider.value = '0.55'
        const moved = performance.now()
        slider.dispatchEvent(new Event('input'))
        last().getBoundingClientRect()
        const hover = performance.now()
        const sentence = view.element.querySelector('.pm-sentence')
        sentence.dispatchEvent(new MouseEvent('mouseenter'))
        sentence.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, screenX: round + 1, screenY: 1 }))
        if (!sentence.classList.contains('pm-on')) throw new Error('the sentence is not highlighted')
        view.element.getBoundingClientRect()
        times.push({ built, slide: hover - moved, hover: performance.now() - hover, rows: view.element.querySelectorAll('*').length })
        place.remove()
      }
      return { times }
    }, text)
  }
}

// The node in another size: each sentence and each box is pressed, and what is then seen is written down.
async function pressed(page, [width, height]) {
  await page.evaluate(([width, height]) => {
    const node = window.app.graph._nodes.find((one) => one.comfyClass === 'PatchMatters_Inspect')
    node.setSize([width, height])
    window.app.canvas.ds.scale = 1
    window.app.canvas.ds.offset = [40 - node.pos[0], 80 - node.pos[1]]
    window.app.graph.setDirtyCanvas(true, true)
  }, [width, height])
  await page.waitForTimeout(700)
  const seen = { size: await page.locator('.pm-inspector').evaluate((one) => [one.clientWidth, one.clientHeight]), sentences: [], boxes: [] }
  for (let number = 0; number < await page.locator('.pm-sentence').count(); number += 1) {
    await pressAt(page, '.pm-sentence', number)
    seen.sentences.push(await page.evaluate(seenNow))
  }
  await shoot(page, `pressed_${width}`)
  await page.locator('.pm-evidence .pm-icon').click()
  for (let number = 0; number < await page.locator('.pm-box').count(); number += 1) {
    await pressAt(page, '.pm-box', number)
    seen.boxes.push({ ...await page.evaluate(seenNow), name: await page.locator('.pm-box').nth(number).getAttribute('aria-label') })
  }
  await shoot(page, `boxes_${width}`)
  return seen
}

// Scroll as the wheel does until the item is under the picture, move the pointer there, press, and wait for what the
// browser tells a pointer at rest.
async function pressAt(page, selector, number) {
  const at = await page.locator(selector).nth(number).evaluate((item) => {
    let place = item.parentElement
    while (!(place.scrollHeight > place.clientHeight + 1 && getComputedStyle(place).overflowY === 'auto') && !place.matches('.pm-inspector')) place = place.parentElement
    const picture = document.querySelector('.pm-picture').getBoundingClientRect()
    const first = () => item.getClientRects()[0]
    const free = Math.max(place.getBoundingClientRect().top, place.contains(document.querySelector('.pm-picture')) ? picture.bottom : 0)
    if (!item.matches('.pm-box')) place.scrollTop += first().top - (free + place.getBoundingClientRect().bottom) / 2
    const { left, top, width, height } = first()
    for (const [x, y] of [[0.5, 0.5], [0.2, 0.2], [0.8, 0.2], [0.2, 0.8], [0.8, 0.8], [0.5, 0.1], [0.1, 0.5]]) {
      const spot = [left + x * width, top + y * height]
      if (item.contains(document.elementFromPoint(...spot))) return spot
    }
    return null
  })
  if (!at) throw new Error(`${selector} ${number} cannot be pressed`)
  await page.mouse.move(at[0] - 1, at[1])
  await page.mouse.move(...at)
  await page.mouse.down()
  await page.mouse.up()
  await page.waitForTimeout(250)
}

// What is highlighted, what is open, and how much of it can be seen.
function seenNow() {
  const one = (selector) => document.querySelector(selector)
  const texts = (selector) => [...document.querySelectorAll(selector)].map((found) => found.querySelector('.pm-words')?.textContent)
  const spot = (item) => { const { left, top, width } = item.getBoundingClientRect(); return [left + Math.min(width / 2, 30), top + 6] }
  const visible = (item) => Boolean(item) && item.contains(document.elementFromPoint(...spot(item)))
  const view = one('.pm-body').getBoundingClientRect()
  const picture = one('.pm-picture').getBoundingClientRect()
  const open = [...document.querySelectorAll('.pm-patch.pm-on, .pm-patch-head.pm-on')].map((found) => found.closest('.pm-patch'))
  return {
    on: texts('.pm-sentence.pm-on'),
    pressed: texts('.pm-sentence[aria-expanded="true"]'),
    evidence: texts('.pm-evidence:not([hidden]) .pm-evidence-row'),
    evidenceSeen: visible(one('.pm-evidence:not([hidden]) .pm-evidence-row')),
    boxesOn: [...document.querySelectorAll('.pm-box.pm-on')].map((found) => found.getAttribute('aria-label')),
    pictureSeen: picture.top >= view.top - 1 && picture.bottom <= view.bottom + 1,
    headSeen: open.some((found) => visible(found.querySelector('.pm-patch-head'))),
    statementSeen: open.some((found) => visible(found.querySelector('.pm-statement, .pm-texts')))
  }
}

async function placeView(text) {
  const { Inspector } = await import('/extensions/patchmatters/js/inspector.js')
  const { sayIn } = await import('/extensions/patchmatters/js/words.js')
  const pixel = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='
  const view = new Inspector({ load: async () => text, address: () => pixel }, () => sayIn())
  const place = document.createElement('div')
  place.className = 'pm-flood'
  place.style.cssText = 'position: fixed; inset: 0 auto auto 0; width: 520px; height: 860px; z-index: 9999'
  place.append(view.element)
  document.body.append(place)
  await view.show([{ scene: {}, picture: {} }])
}

const focusedText = (page) => page.evaluate(() => document.activeElement.querySelector('.pm-words')?.textContent)

async function slide(page) {
  const totals = async () => [await all(page, '.pm-total'), await all(page, '.pm-change'), await page.locator('.pm-lost').count()].flat()
  const slider = page.locator('.pm-threshold input')
  const seen = { atFirst: [await slider.inputValue(), ...await totals()] }
  await slider.fill('0.95')
  seen.strict = await totals()
  await page.mouse.move(5, 5)
  await shoot(page, 'preview')
  await slider.fill('0')
  seen.lenient = await totals()
  await page.locator('.pm-threshold button').click()
  return { ...seen, afterReset: await totals() }
}

async function copy(page) {
  const [caption, json] = await page.locator('.pm-head > button').all()
  const read = () => page.evaluate(() => navigator.clipboard.readText())
  await caption.click()
  const copied = { caption: await read(), said: await all(page, '.pm-told') }
  await json.click()
  return { copied: { ...copied, json: JSON.parse(await read()).format } }
}

// What the view adds to the saved workflow and to the prompt: nothing.
async function saved(page, before) {
  const after = await page.evaluate(() => window.app.graph.serialize())
  const widgets = (graph) => graph.nodes.map((node) => JSON.stringify(node.widgets_values ?? null)).sort()
  const { output } = await page.evaluate(() => window.app.graphToPrompt())
  const inputs = Object.values(output).find((node) => node.class_type === 'PatchMatters_Inspect').inputs
  return { sameWidgets: JSON.stringify(widgets(before)) === JSON.stringify(widgets(after)), inputs: Object.keys(inputs) }
}

console.log(JSON.stringify(await withFrontend(plan, SCENARIOS[plan.scenario])))
