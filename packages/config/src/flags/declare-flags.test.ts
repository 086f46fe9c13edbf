import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { declareFlags, type FlagValue } from './declare-flags.ts'

const flags = declareFlags({
  'router.enabled': { description: 'Calls go through the router.', default: false },
  'router.order': { description: 'What the router prefers.', default: 'price', schema: z.enum(['price', 'health']) },
  'cache.max_items': { description: 'Size of the cache.', default: 500, schema: z.int().min(1) },
  'router.weights': {
    description: 'Weights by provider.',
    default: { openai: 1, others: ['a'] },
    schema: z.object({ openai: z.number(), others: z.array(z.string()) }),
  },
})
type ValueOf<Name extends keyof typeof flags> = FlagValue<(typeof flags)[Name]>

describe('declared flags', () => {
  test('have the type of their schema, or boolean', () => {
    expectTypeOf<ValueOf<'router.enabled'>>().toEqualTypeOf<boolean>()
    expectTypeOf<ValueOf<'router.order'>>().toEqualTypeOf<'price' | 'health'>()
    expectTypeOf<ValueOf<'cache.max_items'>>().toEqualTypeOf<number>()
    expectTypeOf<ValueOf<'router.weights'>>().toEqualTypeOf<{ openai: number; others: string[] }>()
  })

  test('cannot be changed by the reader of a default', () => {
    const { others } = flags['router.weights'].default
    expect(() => Reflect.apply(Array.prototype.push, others, ['b'])).toThrow(TypeError)
  })

  test.each(['Router', '1router', 'router enabled', '', 'r'.repeat(101), 'router:enabled'])(
    'cannot be named %j',
    (name) => {
      expect(() => declareFlags({ [name]: { description: '', default: false } })).toThrow(
        expect.objectContaining({ code: 'E_INVALID' }),
      )
    },
  )

  test('need defaults that fit their schema', () => {
    const refused = expect.objectContaining({ code: 'E_INVALID' })
    const choice = z.enum(['a', 'b'])
    const declare = (flag: object) => () => Reflect.apply(declareFlags, undefined, [{ flag }])
    expect(declare({ description: '', default: 'on' })).toThrow(refused)
    expect(declare({ description: '', default: 'c', schema: choice })).toThrow(refused)
    expect(declare({ description: '', default: 0, schema: z.int().min(1) })).toThrow(refused)
  })

  test('need defaults that fit, says the compiler already', () => {
    expectTypeOf<{ flag: { description: string; default: boolean } }>().toExtend<Accepted<undefined, boolean>>()
    expectTypeOf<{ flag: { description: string; default: string } }>().not.toExtend<Accepted<undefined, string>>()
    type Choice = z.ZodEnum<{ a: 'a'; b: 'b' }>
    expectTypeOf<Chosen<Choice, 'a'>>().toExtend<Accepted<Choice, 'a'>>()
    expectTypeOf<Chosen<Choice, 'c'>>().not.toExtend<Accepted<Choice, 'c'>>()
  })
})

type Chosen<Schema extends z.ZodType | undefined, Default> = {
  flag: { description: string; default: Default } & (Schema extends z.ZodType ? { schema: Schema } : unknown)
}
/** What `declareFlags` takes for a flag of that schema and default. */
type Accepted<Schema extends z.ZodType | undefined, Default> = Parameters<
  typeof declareFlags<Chosen<Schema, Default>>
>[0]
