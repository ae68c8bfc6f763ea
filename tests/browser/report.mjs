// What people do with a report's page, opened from a file, one scenario a call, and what they see.
//   node report.mjs plan.json   (plan: {scenario, chromium, playwright, page, shot, folder, ...})
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const plan = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const { chromium } = createRequire(import.meta.url)(plan.playwright)

const all = (page, selector) => page.locator(selector).evaluateAll((found) => found.map((one) => one.textContent.trim()))
const shoot = (page, name) => page.screenshot({ path: path.join(plan.shot, `report_${name}.png`) })
const shown = (page) => page.locator('.pmr-shown').textContent()
const cards = (page) => page.locator('.pmr-card').count()
// The names of the cards in the order in which they stand on the page.
const names = (page) => page.locator('.pmr-card').evaluateAll((found) => found
  .sort((a, b) => a.getAttribute('aria-posinset') - b.getAttribute('aria-posinset'))
  .map((one) => one.querySelector('.pmr-name').textContent))
const focused = (page) => page.evaluate(() => document.activeElement.querySelector('.pmr-name')?.textContent ?? document.activeElement.className)
const settled = (page) => page.waitForFunction(() => [...document.images].every((one) => one.complete && one.naturalWidth))

async function find(page, words) {
  await page.locator('#words').fill(words)
  await page.locator('.pmr-list[aria-busy="false"]').waitFor({ state: 'attached' })
}

async function save(page, what, form) {
  await page.locator('#what').selectOption(what)
  await page.locator('#form').selectOption(form)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()])
  const file = path.join(plan.folder, `${what}_${download.suggestedFilename()}`)
  await download.saveAs(file)
  return file
}

const SCENARIOS = {
  async look(page) {
    await settled(page)
    const seen = { title: await all(page, '.pmr-title'), shown: await shown(page), cards: await cards(page) }
    seen.first = await page.locator('.pmr-card').first().locator('.pmr-text').textContent()
    await shoot(page, 'grid')
    await page.locator('.pmr-grid').evaluate((one) => { one.scrollTop = one.scrollHeight })
    await page.getByText(plan.last, { exact: true }).waitFor()
    seen.atTheEnd = await cards(page)
    await settled(page)
    seen.filters = await all(page, '#filter option')
    seen.found = {}
    for (const filter of plan.filters) {
      await page.locator('#filter').selectOption(filter)
      seen.found[filter] = [await shown(page), await names(page)]
    }
    await shoot(page, 'filtered')
    await page.locator('#filter').selectOption('all')
    await page.locator('#order').selectOption('words')
    await page.locator('#descending').check()
    seen.longest = (await names(page))[0]
    await page.locator('#to').fill('3')
    await page.waitForFunction(() => document.querySelector('.pmr-shown').textContent.startsWith('1 of'))
    seen.short = await names(page)
    await page.locator('#to').fill('')
    await find(page, 'xyzzy')
    seen.none = await page.locator('.pmr-none').isVisible()
    return seen
  },

  async keyboard(page) {
    await page.keyboard.press('/')
    await page.keyboard.type(plan.words)
    await page.waitForFunction((text) => document.querySelector('.pmr-shown').textContent.startsWith(text), plan.count)
    await page.keyboard.press('Enter')
    const seen = { walked: [await focused(page)] }
    for (const key of ['ArrowRight', 'ArrowDown', 'End', 'PageUp', 'Home']) {
      await page.keyboard.press(key)
      seen.walked.push(await focused(page))
    }
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelector('.pm-picture img')?.naturalWidth > 0)
    seen.caption = await all(page, '.pm-sentence .pm-words')
    await page.keyboard.press('Control+A')
    await page.keyboard.type(plan.typed)
    await page.keyboard.press('Control+Enter')
    seen.next = [await all(page, '.pmr-head .pmr-name'), await focused(page)]
    await page.keyboard.press('Control+Shift+Enter')
    seen.back = await page.locator('.pmr-edit').inputValue()
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => document.querySelector('dialog[open]') === null) // browsers close it when they like
    seen.after = await focused(page)
    seen.badges = await page.evaluate(() => [...document.activeElement.querySelectorAll('.pmr-badges span')].map((one) => one.textContent))
    seen.unnamed = await page.locator('button, input, select, textarea').evaluateAll((found) =>
      found.filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('label'))).length)
    return seen
  },

  async inspect(page) {
    await find(page, plan.words)
    await page.locator('.pmr-card').first().click()
    await page.waitForFunction(() => document.querySelector('.pm-picture img')?.naturalWidth > 0)
    await page.locator('.pm-sentence').nth(3).click()
    const seen = { caption: await all(page, '.pm-sentence .pm-words'), evidence: await all(page, '.pm-evidence-row .pm-words') }
    seen.boxes = await page.locator('.pm-box').count()
    await page.locator('.pm-evidence-row').first().click()
    seen.statements = await page.locator('.pm-statement').count()
    seen.scores = await page.locator('.pm-score').count()
    await shoot(page, 'inspector')
    return seen
  },

  async edit(page) {
    await find(page, plan.words)
    await page.locator('.pmr-card').first().click()
    await page.locator('.pmr-edit').fill(plan.typed)
    await page.keyboard.press('Escape')
    await page.reload()
    await page.locator('.pmr-card').first().waitFor()
    const seen = { edited: (await all(page, '#filter option')).at(-1), files: [] }
    for (const [what, form] of plan.exports) seen.files.push(await save(page, what, form))
    seen.said = await page.locator('.pmr-said').textContent()
    await page.locator('#filter').selectOption('edited')
    seen.kept = await names(page)
    await page.locator('.pmr-card').first().click()
    await page.getByRole('button', { name: "Back to the model's caption" }).click()
    seen.restored = await page.locator('.pmr-edit').inputValue()
    await page.keyboard.press('Escape')
    seen.left = (await all(page, '#filter option')).at(-1)
    return seen
  },

  async odd(page) {
    const seen = {}
    for (const words of plan.looked) {
      await find(page, words)
      await page.locator('.pmr-card').first().click()
      await page.waitForFunction(() => document.querySelector('.pmr-left').textContent.trim() !== '')
      await page.waitForTimeout(300)
      seen[words] = {
        left: await all(page, '.pmr-left'), caption: await all(page, '.pm-sentence .pm-words'),
        notice: await page.locator('.pmr-notice').textContent(), edit: await page.locator('.pmr-edit').inputValue(),
        pictures: await page.locator('.pmr-left img').evaluateAll((found) => found.map((one) => [one.getAttribute('src'), one.naturalWidth > 0]))
      }
      await page.keyboard.press('Escape')
    }
    await shoot(page, 'odd')
    seen.stolen = await page.evaluate(() => window.stolen ?? null)
    seen.elements = await page.evaluate(() => [...new Set([...document.querySelectorAll('body *')].map((one) => one.localName))])
    return seen
  }
}

const browser = await chromium.launch({ executablePath: plan.chromium, args: ['--no-sandbox'] })
try {
  const page = await browser.newPage({ viewport: plan.viewport, colorScheme: plan.scheme })
  page.setDefaultTimeout(30_000)
  const [problems, external] = [[], []]
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => { if (message.type() === 'error' && !plan.missing) problems.push(message.text()) })
  page.on('request', (request) => { if (!/^(file|data|blob):/.test(request.url())) external.push(request.url()) })
  await page.goto(pathToFileURL(plan.page).href)
  await page.locator('.pmr-card').first().waitFor()
  const seen = await SCENARIOS[plan.scenario](page)
  process.stdout.write(JSON.stringify({ ...seen, problems, external }))
} finally {
  await browser.close()
}
