import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generateApiKey, hashApiKey, isApiKey } from './api-key.ts'

test('a key has the documented form and passes its own check', () => {
  const { secret, hash, hint } = generateApiKey()
  expect(secret).toMatch(/^ck_live_[0-9A-Za-z]{49}$/)
  expect(isApiKey(secret)).toBe(true)
  expect(hash).toBe(createHash('sha256').update(secret).digest('hex'))
  expect(secret.startsWith(hint)).toBe(true)
  expect(generateApiKey('test').secret).toMatch(/^ck_test_/)
})

test('32 bytes of any value make a key, and different bytes make different keys', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(bytes, bytes, (left, right) => {
      const [a, b] = [generateApiKey('live', () => left).secret, generateApiKey('live', () => right).secret]
      expect(isApiKey(a)).toBe(true)
      expect(a === b).toBe(left.every((byte, index) => byte === right[index]))
    }),
  )
})

test('one changed character is caught without asking anybody', () => {
  const { secret } = generateApiKey()
  const at = fc.integer({ min: 0, max: secret.length - 1 })
  fc.assert(
    fc.property(at, fc.constantFrom(...'0123456789ABCXYZabcxyz_-'), (index, character) => {
      fc.pre(secret[index] !== character)
      expect(isApiKey(secret.slice(0, index) + character + secret.slice(index + 1))).toBe(false)
    }),
  )
})

test.each(['', 'ck_live_', 'Bearer x', `${generateApiKey().secret} `, `${generateApiKey().secret}\n`])(
  '%j is no key',
  (text) => {
    expect(isApiKey(text)).toBe(false)
  },
)

test('the hash is of the whole key', () => {
  expect(hashApiKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
