import { expect, test } from 'vitest'
import { toSampleMessage } from './sample-message.ts'

const key = 'ck_live_7Qf2ZrWmJ0dYk3uTnB8xVh1LsEoGa9cPiXt6RbQyKw5MzF40AbC1d'
const secrets = [
  key,
  'postgres://core:hunter2@db.internal:5432/postgres',
  'Bearer abcdef123456',
  'password=hunter2',
  `{"password": "hunter 2"}`,
  'api_key: hunter2',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  'ada@example.org',
  '10.20.30.40',
  '019ab2c4-0000-7000-8000-000000000000',
  '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  `"4111 1111 1111 1111"`,
]

test.each(secrets)('%s is cut out', (secret) => {
  const sample = toSampleMessage(new Error(`it failed with ${secret} in it`))
  expect(sample).not.toContain(secret)
  for (const part of ['hunter', 'core:', 'abcdef', '4111', 'ada@', '10.20', '019ab2c4', 'ck_live']) {
    expect(sample).not.toContain(part)
  }
  expect(sample).toMatch(/^it failed with .*in it$/)
})

test('what says where the fault lies stays', () => {
  const plain = 'ledger_charge: column "amount" of relation "ledger_tx" does not exist'
  expect(toSampleMessage(new Error(plain))).toBe(plain)
  expect(toSampleMessage(new Error('invalid input syntax for type uuid: "a b"'))).toBe(
    'invalid input syntax for type uuid: [value]',
  )
})

test('it is short, whatever was thrown, and quick to make', () => {
  expect(toSampleMessage('x y '.repeat(1_000_000))).toHaveLength(500)
  const startedAt = performance.now()
  for (const text of [
    `'${'a'.repeat(100_000)}`,
    'a1'.repeat(50_000),
    `${'a@'.repeat(50_000)}`,
    'password='.repeat(10_000),
  ])
    expect(toSampleMessage(new Error(text)).length).toBeLessThanOrEqual(500)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
  expect(toSampleMessage(undefined)).toBe('undefined')
})
