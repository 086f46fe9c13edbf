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

  test('without a key gets one, each its own', () => {
    const keys = [toOperation('charge', undefined, charge), toOperation('charge', undefined, charge)].map(
      ({ key }) => key,
    )
    expect(keys[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(keys[0]).not.toBe(keys[1])
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
