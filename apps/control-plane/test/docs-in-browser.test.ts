import { existsSync } from 'node:fs'
import { routes } from '@core/api'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

/** The docs page as the server sends it, policy included, in a real browser. */

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

let server: TestServer
let browser: Browser | undefined
let url: string
let page: Page
/** What the page asked for, and what it complained about. */
const asked: string[] = []
const complaints: string[] = []

beforeAll(async () => {
  if (executablePath === undefined) return
  server = await openTestServer()
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: 120_000 })
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  page.setDefaultTimeout(120_000)
  page.on('request', (request) => asked.push(request.url()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => complaints.push(message.text()))
  await page.goto(`${url}/`) // which leads to the docs
})
afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
})
// One page for all of them: a megabyte and a half is laid out once.
beforeEach(async ({ skip }) => {
  if (browser === undefined) skip('there is no Chromium on this machine')
  await search('')
  await page.locator('#query').blur()
})

const search = (words: string) => page.locator('#query').fill(words)

test('it comes from one origin, and its policy lets all of it work', async () => {
  expect(page.url()).toBe(`${url}/docs`)
  await page.locator('#tab-0-2').click()
  await search('hold')
  expect(asked.filter((address) => !address.startsWith(url))).toEqual([])
  expect(complaints.filter((complaint) => !complaint.includes('favicon'))).toEqual([])
})

test('the page works when it comes again, kept by the browser and found unchanged', async () => {
  complaints.length = 0
  const [again] = await Promise.all([
    page.waitForResponse((response) => response.url() === `${url}/docs`),
    page.goto(`${url}/docs`),
  ])
  expect(complaints.filter((complaint) => !complaint.includes('favicon'))).toEqual([])
  expect((await again.allHeaders())['content-security-policy']).toContain('script-src')
})

test('a search for the exact name of any operation has it first, and one for a noun has its operations first', async () => {
  const names: string[] = routes.map(({ operation }) => operation)
  const nouns = [...new Set<string>(routes.map((route) => route.noun))]
  // All in one turn of the page, which is laid out once: to scroll would lay it out for each.
  const answers = await page.evaluate<[string, string[]][]>(`(() => {
    const { scrollTo } = window
    window.scrollTo = () => {}
    const answers = ${JSON.stringify([...names, ...nouns])}.map((words) => {
      const field = document.querySelector('#query')
      field.value = words.replaceAll('-', ' ')
      field.dispatchEvent(new Event('input'))
      const results = [...document.querySelectorAll('#results li')].slice(0, 40)
      return [document.querySelector('article')?.id, results.map(({ textContent }) => textContent)]
    })
    window.scrollTo = scrollTo
    return answers
  })()`)
  const firsts = answers.slice(0, names.length).map(([article, results]) => [article, results[0]])
  expect(firsts).toEqual(names.map((name) => [name, name]))
  for (const [index, noun] of nouns.entries()) {
    const own = names.filter((_, position) => routes[position]?.noun === noun)
    const results = answers[names.length + index]?.[1] ?? []
    expect(results.slice(0, own.length).toSorted(), noun).toEqual(own.toSorted())
  }
  await search('xyzzy')
  expect(await page.locator('#found').textContent()).toBe('0 operations')
})

test('the end of a search restores the page, and / begins one', async () => {
  const order = () => page.locator('article').evaluateAll((articles) => articles.map(({ id }) => id))
  const before = await order()
  await page.keyboard.press('/')
  await page.keyboard.insertText('settle a hold')
  expect((await order()).toSorted()).not.toEqual(before)
  expect(await page.locator('article:visible').first().getAttribute('id')).toBe('settleHold')
  await page.keyboard.press('Escape')
  expect(await order()).toEqual(before)
  expect(await page.locator('aside nav').isVisible()).toBe(true)
})

test('the side bar names the product first and leads to each operation', async () => {
  expect((await page.locator('aside summary').allTextContents()).slice(0, 3)).toEqual(['holds', 'charges', 'refunds'])
  await page.locator('aside summary', { hasText: 'budgets' }).click()
  await page.locator('aside a', { hasText: 'setBudget' }).first().click()
  await expect
    .poll(() => page.locator('#setBudget').evaluate((article) => article.getBoundingClientRect().top))
    .toBeLessThan(100)
  expect(await page.locator('aside').evaluate((aside) => aside.getBoundingClientRect().top)).toBe(0)
})

test('one language is shown at a time, everywhere the chosen one', async () => {
  for (const [language, text] of [
    ['Python', 'urllib.request'],
    ['TypeScript', 'createClient'],
    ['curl', 'curl '],
  ] as const) {
    await page.locator('[role=tab]', { hasText: language }).first().click()
    const samples = await page.locator('#reserveHold .samples section:visible').allTextContents()
    expect(samples, language).toHaveLength(1)
    expect(samples[0]).toContain(text)
    expect(await page.locator('#setFlag .samples section:visible').count()).toBe(1)
  }
})

test.each([390, 1280])('at %i px nothing is wider than the window', async (width) => {
  await page.setViewportSize({ width, height: 800 })
  // An operation is laid out when it is scrolled to; here all of them.
  const visible = (value: string) =>
    page.locator('article').evaluateAll((articles, value) => {
      for (const { style } of articles) style.contentVisibility = value
    }, value)
  await visible('visible')
  const content = () => page.evaluate<number>('document.documentElement.scrollWidth')
  expect(await content()).toBe(width)
  await search('reserveHold')
  expect(await content()).toBe(width)
  await visible('')
})
