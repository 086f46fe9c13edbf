import { describe, expect, test } from 'vitest'
import { z } from 'zod/mini'
import type { $ZodType, $ZodTypes } from 'zod/v4/core'
import { createCheck } from '../src/contract/answer-check.ts'
import * as functions from '../src/functions.ts'

const wrong: readonly unknown[] = [
  undefined,
  null,
  true,
  1.5,
  -1,
  2 ** 60,
  Number.NaN,
  '',
  'text',
  [],
  [null],
  {},
  { ok: 1 },
]

/** A value that fits. */
function toSample(schema: $ZodType): unknown {
  const { def } = (schema as $ZodTypes)._zod
  switch (def.type) {
    case 'object':
      return Object.fromEntries(Object.entries(def.shape).map(([name, field]) => [name, toSample(field)]))
    case 'array':
      return [toSample(def.element)]
    case 'union':
      return def.options[0] && toSample(def.options[0])
    case 'nullable':
    case 'optional':
      return toSample(def.innerType)
    case 'literal':
      return def.values[0]
    case 'enum':
      return Object.values(def.entries)[0]
    case 'custom':
      return [7, {}].find((value) => def.fn(value))
    default:
      return { string: 'text', number: 1.5, boolean: false }[String(def.type)]
  }
}

function optionsOf(schema: $ZodType): readonly $ZodType[] {
  const { def } = (schema as $ZodTypes)._zod
  return def.type === 'union' ? def.options.flatMap(optionsOf) : [schema]
}

/** The value with each part of it replaced by something else, or left out. */
function* toVariants(value: unknown): Iterable<unknown> {
  yield* wrong
  if (Array.isArray(value)) {
    for (const variant of toVariants(value[0])) yield [value[0], variant]
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, content] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
      for (const variant of toVariants(content)) yield { ...value, [name]: variant }
    }
    yield { ...value, unknownField: 1 }
  }
}

const schemas = Object.values(functions).flatMap((value) =>
  typeof value === 'object' && 'schema' in value ? [[value.name, value.schema] as const] : [],
)

test.each(schemas)(
  'the check of %s accepts exactly what its schema accepts, and the schema changes nothing',
  (_, schema) => {
    const check = createCheck(schema)
    const samples = optionsOf(schema).map(toSample)
    for (const sample of samples) expect(check(sample)).toBe(true)
    for (const variant of samples.flatMap((sample) => [...toVariants(sample)])) {
      if (check(variant) !== schema.safeParse(variant).success)
        expect.fail(`they differ about ${JSON.stringify(variant)}`)
    }
  },
)

describe('a schema that would change a value, or that the check does not know, is refused', () => {
  test.each([
    ['a default', z._default(z.string(), '')],
    ['a transform', z.pipe(z.string(), z.transform(Number))],
    ['a refinement', z.string().check(z.minLength(1))],
    ['a format', z.email()],
    ['a strict object', z.strictObject({})],
    ['unknown, which zod wants to be there', z.object({ value: z.unknown() })],
    ['a record', z.record(z.string(), z.string())],
    ['one inside an object', z.object({ a: z.array(z.nullable(z._default(z.string(), ''))) })],
  ])('%s', (_, schema) => {
    expect(() => createCheck(schema)).toThrow(expect.objectContaining({ code: 'E_INTERNAL' }))
  })
})
