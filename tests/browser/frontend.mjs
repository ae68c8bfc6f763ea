// A page with the real ComfyUI frontend in headless Chromium, and what people do in it. Used by the test scripts here
// and by scripts/make_pictures.py; each reads a plan: {url, chromium, playwright, vue, locale, palette, viewport}.
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

export const TIMEOUT = 120_000
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']

// What a first visit would put in front of the graph is switched off; text is drawn however far the view is out.
const settings = (plan) => ({
  'Comfy.TutorialCompleted': true, 'Comfy.Workflow.Persist': plan.persist ?? false, 'Comfy.Release.Status': 'skipped',
  'Comfy.Locale': plan.locale ?? 'en', 'Comfy.ColorPalette': plan.palette ?? 'dark', 'Comfy.VueNodes.Enabled': plan.vue ?? false,
  'Comfy.VueNodes.AutoScaleLayout': false, 'Comfy.Minimap.Visible': false, 'Comfy.Graph.CanvasInfo': false,
  'LiteGraph.Canvas.MinFontSizeForLOD': 0
})

// Runs `work(page, seen)` and gives back {problems, external} beside what it found.
export async function withFrontend(plan, work) {
  for (const [id, value] of Object.entries(settings(plan))) await post(plan.url, `/settings/${id}`, value)
  const playwright = await import(pathToFileURL(path.join(plan.playwright, 'index.mjs')))
  const chromium = playwright.chromium ?? playwright.default.chromium
  const browser = await chromium.launch({ executablePath: plan.chromium, args: FLAGS })
  try {
    const seen = { problems: [], external: new Set() }
    const page = await openFrontend(browser, plan, seen)
    const found = await work(page, seen)
    return { ...found, problems: seen.problems, external: [...seen.external] }
  } finally {
    await browser.close()
  }
}

async function post(url, route, value) {
  const body = JSON.stringify(value)
  const response = await fetch(url + route, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  if (!response.ok) throw new Error(`${route}: ${response.status}`)
}

// The page never leaves the loopback server, and errors of extensions are collected.
async function openFrontend(browser, plan, seen) {
  const context = await browser.newContext({
    viewport: plan.viewport ?? { width: 2200, height: 1100 }, deviceScaleFactor: plan.density ?? 1,
    permissions: ['clipboard-read', 'clipboard-write']
  })
  const host = new URL(plan.url).host
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url())
    if (url.host === host || ['data:', 'blob:'].includes(url.protocol)) return route.continue()
    seen.external.add(url.host)
    return route.abort()
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => seen.problems.push(`page: ${error.message}`))
  page.on('dialog', (dialog) => {
    if (dialog.type() === 'beforeunload') return dialog.accept()
    seen.problems.push(`dialog: ${dialog.message()}`)
    return dialog.dismiss()
  })
  page.on('console', (message) => {
    const from = `${message.location()?.url ?? ''} ${message.text()}`
    if (message.type() === 'error' && /extension/i.test(from)) seen.problems.push(`console: ${from}`)
  })
  await page.goto(plan.url, { waitUntil: 'domcontentloaded', timeout: TIMEOUT })
  await ready(page)
  return page
}

export async function ready(page) {
  await page.waitForFunction(() => window.app?.graph && window.app?.canvas && window.app.extensionManager &&
    Object.keys(window.LiteGraph?.registered_node_types ?? {}).length > 100, null, { timeout: TIMEOUT })
  await page.waitForTimeout(1500)
  await closeDialogs(page)
}

/** An Escape within a dialog's opening leaves its mask over the page: it is pressed again until none is left. */
async function closeDialogs(page) {
  const none = () => !document.querySelector('.p-dialog-mask')
  for (let attempt = 0; attempt < 5; attempt++) {
    await page.keyboard.press('Escape')
    if (await page.waitForFunction(none, null, { timeout: 4000 }).catch(() => null)) return
  }
  await page.waitForFunction(none, null, { timeout: TIMEOUT })
}

export async function load(page, graph, name) {
  await page.evaluate(async ([graph, name]) => window.app.loadGraphData(graph, true, true, name), [graph, name])
  await page.waitForTimeout(1000)
}

export async function loadApi(page, prompt, name) {
  await page.evaluate(async ([prompt, name]) => window.app.loadApiJson(prompt, name), [prompt, name])
  await page.waitForTimeout(1000)
}

export async function drop(page, file) {
  const text = fs.readFileSync(file, 'utf8')
  const data = await page.evaluateHandle(([text, name]) => {
    const made = new DataTransfer()
    made.items.add(new File([text], name, { type: 'application/json' }))
    return made
  }, [text, path.basename(file)])
  await page.dispatchEvent('#graph-canvas', 'drop', { dataTransfer: data })
  await page.waitForTimeout(1500)
}

export function runGraph(timeout) {
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

// Errors and warnings that the frontend shows over the graph.
export async function messages(page) {
  const found = page.locator('.p-toast-message-error, .p-toast-message-warn, [role="dialog"], [data-testid="error-overlay"]')
  return (await found.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim()).filter(Boolean)
}

export const readPlan = () => JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
