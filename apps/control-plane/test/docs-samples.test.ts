import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { routes } from '@core/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

const run = promisify(execFile)

let server: TestServer
let url: string
let docs: string
beforeAll(async () => {
  server = await openTestServer()
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  docs = (await server.send('GET', '/docs')).text
})
afterAll(() => server[Symbol.asyncDispose]())

function sampleOf(operation: string, language: string): string {
  const [, text = ''] =
    docs.match(new RegExp(`aria-label="${language} sample of ${operation}"><code>(.*?)</code>`, 's')) ?? []
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

const operations = [
  'live',
  'getMe',
  'reserveHold',
  'chargeCredits',
  'listAccounts',
  'getBalance',
  'getUsage',
  'runBatch',
]

test.each(operations)(
  'the curl sample of %s, copied from the page, is answered as its contract says',
  async (operation) => {
    const env = { ...process.env, CORE_URL: url, CORE_KEY: server.keys.smart_layer }
    const { stdout } = await run('bash', ['-c', sampleOf(operation, 'curl')], { env, timeout: 30_000 })
    const outputs = Object.values(routes.find((route) => route.operation === operation)?.outputs ?? {})
    const answer: unknown = JSON.parse(stdout)
    expect(
      outputs.some((output) => output.safeParse(answer).success),
      stdout,
    ).toBe(true)
  },
)
