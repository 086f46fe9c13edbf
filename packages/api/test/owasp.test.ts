import { Spectral } from '@stoplight/spectral-core'
import * as owasp from '@stoplight/spectral-owasp-ruleset'
import { expect, test } from 'vitest'
import { contentPaths, gatewayRoutes, routes, toOpenApi } from '../src/index.ts'

/** OWASP's API Security Top 10, as far as a description can hold to it. */

/** Seconds on a busy machine. */
const timeout = 120_000
const severities = { error: 0, warning: 1 } as const

async function check(document: object, off: readonly string[] = []) {
  const spectral = new Spectral()
  const { default: rules } = owasp
  spectral.setRuleset({
    extends: 'default' in rules ? Object(rules.default) : rules,
    rules: Object.fromEntries(off.map((rule) => [rule, 'off'])),
  })
  const found = await spectral.run(withoutReferences(document))
  return found.map(({ code, severity, path }) => ({ code: String(code), severity, at: path.join('.') }))
}

/**
 * The rules look at what a reference names where it is, among the components, and would walk it again at each of the 11,000
 * references: three times the CPU, and no finding more. Bytes are no text: a file is as long as it is.
 */
function withoutReferences(document: object): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(document, (_, value) =>
      typeof value?.$ref === 'string' || value?.format === 'binary' ? {} : value,
    ),
  )
}

const document = toOpenApi(routes, { version: '1.0.0', gateway: gatewayRoutes, paths: contentPaths })

/** Names, messages and metadata are free text; they have a length. Not asked, for its 27,000 answers take two thirds of the time. */
const notAsked = ['owasp:api4:2023-string-restricted']

/** Rules whose advice does not fit, and why. */
const declined: Readonly<Record<string, string>> = {
  'owasp:api2:2023-read-restricted':
    'probes, the document and its pages are public; the WebSocket says who it is later',
  'owasp:api8:2023-define-error-responses-401': 'a public route has no such answer',
}

/** A load balancer asks the probes several times a second: they are never limited, and do not say they are. */
function isProbe(code: string, at: string): boolean {
  return code === 'owasp:api4:2023-rate-limit' && /^paths\.\/(livez|readyz)\./.test(at)
}

test('the document breaks no rule, and no advice but what is declined with a reason', { timeout }, async () => {
  const found = await check(document, notAsked)
  const errors = found.filter(({ severity, code, at }) => severity === severities.error && !isProbe(code, at))
  expect(errors).toEqual([])
  expect([...new Set(found.map(({ code }) => code))].sort()).toEqual(
    [...Object.keys(declined), 'owasp:api4:2023-rate-limit'].sort(),
  )
})

test('what rules look at in its place is no reference', () => {
  const operations = Object.values(Object(document['paths'])).flatMap((path) => Object.values(Object(path)))
  const parameters = operations.flatMap((operation) => Object(operation).parameters ?? [])
  expect(parameters.length).toBeGreaterThan(100)
  expect(JSON.stringify(parameters)).not.toContain('$ref')
})

test('the rules are really applied', { timeout }, async () => {
  const small = toOpenApi(routes.slice(0, 4), { version: '1.0.0' })
  const text = JSON.stringify(small).replaceAll('"maxLength":65536', '"x":1').replaceAll('"RateLimit":', '"Limit":')
  const codes = new Set((await check(JSON.parse(text))).map(({ code }) => code))
  for (const rule of ['string-limit', 'rate-limit']) expect(codes).toContain(`owasp:api4:2023-${rule}`)
})
