import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import vm from 'node:vm'
import { expect, test } from 'vitest'
import { type Bundle, bundleForBrowsers, bundleSplit } from './bundle.ts'
import { root } from './root.ts'

const from = join(root, 'bench/package.json') // depends on both packages

const ledger = await bundleForBrowsers(`export { createLedger } from '@core/ledger'`, from)
const client = await bundleForBrowsers(`export { createClient } from '@core/api/client'`, from)

const realtime = await bundleForBrowsers(`export { createRealtimeClient } from '@core/api/realtime'`, from)

test.each([
  ['the ledger without leases', ledger, 15],
  ['the typed client', client, 12], // a line for each route
  ['the realtime client', realtime, 8],
])('%s is small, and needs nothing that only Node has', (_, { gzipBytes, nodeImports }, kilobytes) => {
  expect(nodeImports).toEqual([])
  expect(gzipBytes / 1024).toBeLessThanOrEqual(kilobytes)
})

test('the whole ledger, with the journal of leases on disk, stays below 28 KB', async () => {
  const whole = await bundleForBrowsers(`export * from '@core/ledger'`, from)
  expect(whole.gzipBytes / 1024).toBeLessThanOrEqual(28)
  expect(whole.nodeImports).toContain('node:fs')
})

test('openCore loads what a program uses: 25 KB before the first call, and what each noun adds after it', async () => {
  const sdk = await bundleCore(await findOptionalPeers('providers'))
  expect(sdk.firstImports).toEqual([]) // also nothing that only Node has
  expect(sdk.firstGzipBytes / 1024).toBeLessThanOrEqual(12.25)
  expect(sdk.gzipBytesWith('http') / 1024).toBeLessThanOrEqual(25)
  expect(sdk.gzipBytesWith('http', 'open-ledger', 'open-flags', 'open-cache') / 1024).toBeLessThanOrEqual(60)
})

test('the libraries of models share zod with the nouns, which then takes all of it', async () => {
  const sdk = await bundleCore([])
  expect(sdk.gzipBytesWith('http', 'open-ledger', 'open-flags', 'open-cache') / 1024).toBeLessThanOrEqual(68.5)
})

test('the client works with what a browser has', async () => {
  const sent: string[] = []
  const fetch = (url: URL, { method }: { method: string }) => {
    sent.push(`${method} ${url}`)
    return Promise.resolve(Response.json({ status: 'healthy' }))
  }
  const answer = await run(client, `bundle.createClient({ url: 'http://127.0.0.1:4400', fetch }).live()`, { fetch })
  expect(answer).toBe('{"status":"healthy"}')
  expect(sent).toEqual(['GET http://127.0.0.1:4400/livez'])
})

function bundleCore(absent: readonly string[]) {
  return bundleSplit(`export { openCore } from '@core/sdk'`, join(root, 'packages/sdk/src/index.ts'), absent)
}

/** What a program installs only where it uses it. */
async function findOptionalPeers(name: string): Promise<string[]> {
  const { peerDependenciesMeta } = JSON.parse(await readFile(join(root, 'packages', name, 'package.json'), 'utf8'))
  return Object.keys(peerDependenciesMeta)
}

/** Runs a program after the bundle with globals that browsers have: no `process`, no `Buffer`, and timers are numbers. */
async function run({ code }: Bundle, program: string, more: object): Promise<string> {
  const { crypto, Headers, Response, URL, AbortController, AbortSignal, DOMException } = globalThis
  const { performance, TextEncoder, TextDecoder, clearTimeout } = globalThis
  const context = vm.createContext({
    ...{ crypto, Headers, Response, URL, AbortController, AbortSignal, DOMException },
    ...{ performance, TextEncoder, TextDecoder, clearTimeout },
    setTimeout: (task: () => void, ms: number) => Number(setTimeout(task, ms)),
    ...more,
  })
  return vm.runInContext(`${code};(async () => JSON.stringify(await ${program}))()`, context)
}
