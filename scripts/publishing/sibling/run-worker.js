// Serves worker.js by workerd. Prints what `REQUESTS` requests at once were answered, each once, and what every noun
// answers in one request.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { RUNTIMES, BUNDLE, REQUESTS, CORE_URL, CORE_KEY } = process.env
const { Miniflare } = await import(pathToFileURL(createRequire(`${RUNTIMES}/`).resolve('miniflare')))
const miniflare = new Miniflare({
  // The entry first; what it loads later stays in modules of its own.
  modules: ['worker.js', ...readdirSync(BUNDLE).filter((name) => name !== 'worker.js')].map((path) => ({
    type: 'ESModule',
    path,
    contents: readFileSync(join(BUNDLE, path), 'utf8'),
  })),
  compatibilityDate: '2026-05-01',
  compatibilityFlags: ['nodejs_compat'],
  bindings: { CORE_URL, CORE_KEY, CORE_PROJECT: 'smart_layer' },
})
try {
  await miniflare.ready
  const requests = Array.from({ length: Number(REQUESTS) }, async () => {
    const response = await miniflare.dispatchFetch('http://worker.example/', { signal: AbortSignal.timeout(60_000) })
    return await response.text()
  })
  const answers = [...new Set(await Promise.all(requests))]
  const everything = await miniflare.dispatchFetch('http://worker.example/every-noun')
  console.log(JSON.stringify({ answers, everything: await everything.json() }))
} finally {
  await miniflare.dispose()
}
