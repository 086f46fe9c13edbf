import { type RouteContract, routes } from '@core/api'
import { expect, test } from 'vitest'
import { fieldsOf, readPairs, toRequest } from './route-fields.ts'

const all: readonly RouteContract[] = routes
const route = (name: string) => all.find(({ operation }) => operation === name) as RouteContract

test.each(all.map((contract) => [contract.operation, contract] as const))(
  'a field of %s is in one part of it',
  (_, contract) => {
    const fields = fieldsOf(contract)
    expect(new Set(fields).size).toBe(fields.length)
  },
)

test('a value is JSON where that fits the field, else the text as it is', () => {
  expect(readPairs(route('reserveHold'), ['account=smart_layer', 'amount=5', 'metadata={"a":[1]}'])).toEqual({
    account: 'smart_layer',
    amount: 5,
    metadata: { a: [1] },
  })
  expect(readPairs(route('createApiKey'), ['name=5', 'scopes=["ledger:read"]'])).toEqual({
    name: '5',
    scopes: ['ledger:read'],
  })
  expect(readPairs(route('setFlag'), ['value=true'])).toEqual({ value: true })
  expect(readPairs(route('setFlag'), ['value=on=off'])).toEqual({ value: 'on=off' })
  expect(readPairs(route('updateProject'), ['version=null'])).toEqual({ version: 'null' })
})

test('fields go to the part of the request they belong to', () => {
  const given = { project: 'smart_layer', id: '019ab2c4-0000-7000-8000-000000000000', amount: 5 }
  expect(toRequest(route('settleHold'), given)).toEqual({
    params: { project: 'smart_layer', id: given.id },
    query: {},
    body: { amount: 5 },
  })
  expect(toRequest(route('listAccounts'), { project: 'current', limit: '7' })).toMatchObject({ query: { limit: '7' } })
})

test('what does not fit is reported at once, before anything is sent', () => {
  expect(() => readPairs(route('reserveHold'), ['amount'])).toThrow('"amount" is not a field and its value')
  expect(() => readPairs(route('reserveHold'), ['amuont=5'])).toThrow(
    expect.objectContaining({ code: 'E_INVALID', fix: 'Did you mean amount?' }),
  )
  expect(() => toRequest(route('getMe'), { surprise: 1 })).toThrow(
    expect.objectContaining({ fix: 'It takes nothing.' }),
  )
  expect(() => toRequest(route('reserveHold'), { project: 'NO', amount: 'much' })).toThrow(
    /path\.project: .*\n.*body\.account: missing.*\n.*body\.amount: /s,
  )
})

test.each(['constructor', '__proto__', 'toString'])('%s is no field of any route', (name) => {
  const unknown = expect.objectContaining({ code: 'E_INVALID', message: `reserveHold takes no "${name}"` })
  expect(() => readPairs(route('reserveHold'), [`${name}=1`])).toThrow(unknown)
  expect(() => toRequest(route('reserveHold'), Object.fromEntries([[name, 1]]))).toThrow(unknown)
})
