import { describe, expect, test } from 'vitest'
import { microCredits } from './credits.ts'
import { toOperation } from './operation.ts'

const charge = { account: 'a', amount: microCredits(1), metadata: undefined }
const codeOf = (work: () => unknown) => {
  try {
    work()
    return 'accepted'
  } catch (error) {
    return error
  }
}

describe('an operation', () => {
  test('has the fields that were given, and no others', () => {
    expect(toOperation('charge', 'k', charge)).toEqual({ op: 'charge', key: 'k', account: 'a', amount: 1 })
    const fields = { hold: 'h', amount: undefined, metadata: { a: null } }
    expect(JSON.stringify(toOperation('settle', 'k', fields))).toBe(
      '{"op":"settle","key":"k","hold":"h","metadata":{"a":null}}',
    )
  })

  test('is what its caller gave at the time: later changes of the object do not reach it', () => {
    const metadata: Record<string, string> = JSON.parse('{"step":"one","__proto__":"kept"}')
    const operation = toOperation('charge', 'k', { ...charge, metadata })
    metadata['step'] = 'two'
    expect(JSON.stringify(operation)).toContain('"metadata":{"step":"one","__proto__":"kept"}')
  })

  test('cannot be made another one, or lose its key, by a field of the object that was given', () => {
    const hostile = Object.assign({ ...charge }, JSON.parse('{"op":"grant","key":"other","x":1}'))
    expect(toOperation('charge', 'k', hostile)).toMatchObject({ op: 'charge', key: 'k' })
  })

  test.each([
    ['key', 'a\0b', charge, 'key'],
    ['account', 'k', { ...charge, account: 'a\ud800' }, 'account'],
    ['metadata', 'k', { ...charge, metadata: { note: 'half \ude00' } }, 'metadata.note'],
    ['metadata', 'k', { ...charge, metadata: { id: 2 ** 60 } }, 'metadata.id'],
    ['metadata', 'k', { ...charge, metadata: { at: Object(new Date(0)) } }, 'metadata.at'],
  ])('with a %s that cannot be stored is refused with its place', (field, key, fields, place) => {
    expect(codeOf(() => toOperation('charge', key, fields))).toMatchObject({
      code: 'E_INVALID',
      details: { reason: 'unstorable', field, place },
    })
  })

  test.each(['', 'x'.repeat(201)])('with a key of a wrong length is refused before it is sent', (key) => {
    expect(codeOf(() => toOperation('charge', key, charge))).toMatchObject({
      code: 'E_INVALID',
      details: { field: 'key' },
    })
  })

  test.each([-1, 1.5, 2 ** 53, Number.NaN])('with the amount %s is refused before it is sent', (amount) => {
    const fault = codeOf(() => toOperation('charge', 'k', { ...charge, amount }))
    expect(fault).toMatchObject({ code: 'E_INVALID', details: { field: 'amount' } })
    const ttl = {
      account: 'a',
      amount: 1,
      hold: undefined,
      min: undefined,
      over: undefined,
      metadata: undefined,
      ttl_s: amount,
    }
    expect(codeOf(() => toOperation('reserve', 'k', ttl))).toMatchObject({ details: { field: 'ttl_s' } })
  })
})
