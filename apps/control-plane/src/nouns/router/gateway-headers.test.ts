import { expect, test } from 'vitest'
import { accountOf, tagsOf } from './gateway-headers.ts'

/** As Node reads the bytes that a client sends. */
const sent = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

test('tags are those that were sent, in UTF-8 and as fetch writes them', () => {
  expect(tagsOf(sent('team:größe, 日本'))).toEqual(['team:größe', '日本'])
  expect(tagsOf(undefined)).toEqual([])
  expect(tagsOf('gr\xf6\xdfe')).toEqual(['größe'])
})

test('an account that is named is never another one: an empty or long name is refused, and not the project', () => {
  expect(accountOf(undefined, 'a')).toBe('a')
  expect(accountOf('a/u/1', 'a')).toBe('a/u/1')
  for (const header of ['', 'b', 'ab', 'x'.repeat(2_000)]) expect(() => accountOf(header, 'a')).toThrow('Core-Account')
})
