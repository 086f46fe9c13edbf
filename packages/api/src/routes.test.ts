import { expect, test } from 'vitest'
import { hasFields, problemsOf, type RouteContract } from './contract/route-contract.ts'
import { isScope } from './contract/scope.ts'
import { problems } from './nouns.ts'
import { routes } from './routes.ts'

const all: readonly RouteContract[] = routes

test('no two routes share an operation or an address', () => {
  const operations = all.map(({ operation }) => operation)
  const addresses = all.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`)
  expect(new Set(operations).size).toBe(all.length)
  expect(new Set(addresses).size).toBe(all.length)
})

test.each(all.map((route) => [route.operation, route] as const))('%s is declared in full', (_, route) => {
  expect(['public', 'authenticated'].includes(route.auth) || isScope(route.auth)).toBe(true)
  expect(route.path.match(/\{\w+\}/g)?.map((name) => name.slice(1, -1)) ?? []).toEqual(
    Object.keys(route.input.params.shape),
  )
  expect(Object.keys(route.outputs).length).toBeGreaterThan(0)
  if (route.method === 'POST' && route.isTraffic === undefined)
    expect(route.idempotencyKey).toBe(route.isReadOnly ? 'none' : 'required')
  else expect(route.isReadOnly).toBeUndefined()
  if (route.method === 'GET') expect([route.idempotencyKey, hasFields(route.input.body)]).toEqual(['none', false])
  for (const code of problemsOf(route)) expect(problems).toHaveProperty(code)
})

test.each(
  all.flatMap((route) => route.examples.map((example) => [route.operation, example.title, route, example] as const)),
)('the example of %s (%s) is valid', (_operation, _title, route, example) => {
  route.input.params.parse(example.params ?? {})
  route.input.body.parse(example.body ?? {})
  const output = route.outputs[example.status]
  // Parsing drops what the schema does not know: an example shows neither less nor more than the answer.
  expect(output?.parse(example.response)).toEqual(example.response)
})
