import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { loadConfig } from '@core/config'
import { createTestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { type Browser, chromium, type Frame, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startControlPlane } from '../src/process/compose.ts'
import type { ControlPlane } from '../src/process/control-plane.ts'
import { exampleInstallation, installProjects } from '../src/process/first-start.ts'

/** For whom the cookie of a login counts, as a real browser sends it. */

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const ownerKey = 'owner-key-of-the-browser-tests'
const opened = new AsyncDisposableStack()
let plane: ControlPlane
let browser: Browser | undefined
let page: Page
/** The port of a server that is not ours, on this machine too. */
let otherPort: number
/** What the control plane answered, also where the browser withheld it from the page. */
const answers: { readonly method: string; readonly status: number; readonly hasCookie: boolean }[] = []
subscribe('http.server.response.finish', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
  const { method = '', headers, url } = request
  if (headers.host !== new URL(plane.url).host || url === '/favicon.ico') return
  answers.push({ method, status: response.statusCode, hasCookie: String(headers.cookie).includes('core_login_') })
})

beforeAll(async () => {
  if (executablePath === undefined) return
  const database = await createTestDatabase()
  opened.defer(() => database.drop())
  await installProjects(database.database, exampleInstallation)
  const overrides = {
    http: { port: 0 },
    database: { url: database.url, poolSize: 4 },
    ownerKey,
    secretsKey: ['A'.repeat(43)],
    shutdown: { graceMs: 1000 },
  }
  plane = opened.use(await startControlPlane({ config: loadConfig({ env: {}, overrides }), logger: silentLogger }))
  const other = createServer((_request, response) =>
    response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><title>other</title><iframe sandbox="allow-scripts" srcdoc="<p>null</p>"></iframe>'),
  ).listen(0)
  opened.defer(() => {
    other.closeAllConnections()
    other.close()
  })
  await once(other, 'listening')
  const address = other.address()
  otherPort = typeof address === 'object' && address !== null ? address.port : 0
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: 120_000 })
  // What a page of this server may do is asked here, not what the policy of one lets it do.
  page = await browser.newPage({ bypassCSP: true })
  page.setDefaultTimeout(120_000)
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await opened.disposeAsync()
})
beforeEach(({ skip }) => {
  if (browser === undefined) skip('there is no Chromium on this machine')
})

/** A page of this server as any other, and laid out at once. */
const ownPath = '/livez'
const member = '/v1/projects/smart_layer/members/user:x'
const requests = [
  ['GET', '/v1/me'],
  ['PUT', member],
  ['DELETE', member],
  ['POST', '/v1/logout'],
] as const

/** What the server answered to a page, and whether the cookie came along; nothing where the browser did not send it. */
async function askFrom(frame: Pick<Frame, 'evaluate'>, modes = ['cors', 'no-cors']) {
  const found: Record<string, readonly unknown[]> = {}
  found['socket'] = [
    await frame.evaluate<string>(`new Promise((resolve) => {
      const socket = new WebSocket(${JSON.stringify(`${plane.url.replace('http', 'ws')}/v1/realtime`)})
      socket.onopen = () => socket.send('{"op":"ping"}')
      socket.onmessage = ({ data }) => {
        const { op, subject, code } = JSON.parse(data)
        if (op === 'welcome' || op === 'bye') resolve(subject ?? String(code))
      }
      socket.onclose = ({ code }) => resolve(String(code))
    })`),
  ]
  for (const [method, path] of requests) {
    answers.length = 0
    // A page may send some without being allowed to read the answer; others it has to ask for first.
    for (const mode of modes) {
      const body =
        method === 'PUT' ? { headers: { 'content-type': 'application/json' }, body: '{"role":"viewer"}' } : {}
      const init = JSON.stringify({ method, mode, credentials: 'include', ...body })
      await frame.evaluate(`fetch(${JSON.stringify(plane.url + path)}, ${init}).then(() => undefined, () => undefined)`)
    }
    const own = answers.filter((answer) => answer.method === method)
    found[method] = [...new Set(own.flatMap(({ status, hasCookie }) => [status, hasCookie]))]
  }
  return found
}

test('a person signs in with the form, and the cookie counts for pages of this server alone', {
  timeout: 240_000,
}, async () => {
  await page.goto(`${plane.url}/v1/login?redirectTo=${ownPath}`)
  await page.locator('input[type=password]').fill(ownerKey)
  await page.locator('button').click()
  await page.waitForURL(plane.url + ownPath)
  const cookies = await page.context().cookies(plane.url)
  expect(cookies).toMatchObject([{ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }])
  expect(await page.evaluate('document.cookie')).toBe('')

  const refused = (hasCookie: boolean) => ({
    GET: [401, hasCookie],
    POST: [401, hasCookie],
    PUT: [],
    DELETE: [],
    socket: ['4401'],
  })
  // The same site to a browser, which sends it a SameSite=Strict cookie.
  await page.goto(`http://127.0.0.1:${otherPort}/`)
  expect(await askFrom(page), 'another port').toEqual(refused(true))
  const withoutOrigin = page.frames().find((frame) => frame !== page.mainFrame())
  expect(withoutOrigin && (await askFrom(withoutOrigin)), 'the origin null').toEqual(refused(false))
  await page.goto(`http://localhost:${otherPort}/`)
  expect(await askFrom(page), 'another site').toEqual(refused(false))

  // Typed into the address bar: no page of this server asked.
  expect((await page.goto(`${plane.url}/v1/me`))?.status()).toBe(401)

  await page.goto(plane.url + ownPath)
  expect(await askFrom(page, ['cors']), 'own page').toEqual({
    GET: [200, true],
    PUT: [200, true],
    DELETE: [expect.toSatisfy((status) => status < 300), true],
    POST: [200, true],
    socket: ['owner'],
  })
  expect(await page.context().cookies(plane.url)).toEqual([])
})
