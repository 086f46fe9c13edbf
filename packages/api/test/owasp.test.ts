import { Spectral } from '@stoplight/spectral-core'
import * as owasp from '@stoplight/spectral-owasp-ruleset'
import { expect, test } from 'vitest'
import { routes, toOpenApi } from '../src/index.ts'

/** OWASP's API Security Top 10, as far as a description can hold to it. */

/** The rules walk every reference again: seconds, and more on a busy machine. */
const timeout = 120_000
const severities = { error: 0, warning: 1 } as const

async function check(document: object) {
  const spectral = new Spectral()
  const { default: rules } = owasp
  spectral.setRuleset('default' in rules ? Object(rules.default) : rules)
  const found = await spectral.run({ ...document })
  return found.map(({ code, severity, path }) => ({ code: String(code), severity, at: path.join('.') }))
}

const document = toOpenApi(routes, { version: '1.0.0' })

/** Rules whose advice does not fit, and why. */
const declined: Readonly<Record<string, string>> = {
  'owasp:api4:2023-string-restricted': 'names, messages and metadata are free text; they have a length',
  'owasp:api2:2023-read-restricted':
    'probes, the document and its pages are public; the WebSocket says who it is later',
  'owasp:api8:2023-define-error-responses-401': 'a public route has no such answer',
}

/** A load balancer asks the probes several times a second: they are never limited, and do not say they are. */
function isProbe(code: string, at: string): boolean {
  return code === 'owasp:api4:2023-rate-limit' && /^paths\.\/(livez|readyz)\./.test(at)
}

test('the document breaks no rule, and no advice but what is declined with a reason', { timeout }, async () => {
  const found = await check(document)
  const errors = found.filter(({ severity, code, at }) => severity === severities.error && !isProbe(code, at))
  expect(errors).toEqual([])
  expect([...new Set(found.map(({ code }) => code))].sort()).toEqual(
    [...Object.keys(declined), 'owasp:api4:2023-rate-limit'].sort(),
  )
})

test('the rules are really applied', { timeout }, async () => {
  const text = JSON.stringify(document).replaceAll('"maxLength":65536', '"x":1').replaceAll('"RateLimit":', '"Limit":')
  const codes = new Set((await check(JSON.parse(text))).map(({ code }) => code))
  for (const rule of ['string-limit', 'rate-limit']) expect(codes).toContain(`owasp:api4:2023-${rule}`)
})
