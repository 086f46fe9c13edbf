import { expect, test } from 'vitest'
import { findUnstorable, toStorableText } from './index.ts'

test.each([
  ['plain', 'plain'],
  ['a\0b\0', 'ab'],
  ['\ud83d and \ude00', '\ufffd and \ufffd'],
  ['123456789\u{1f600}', '123456789\ufffd'],
  ['12345678\u{1f600}', '12345678\u{1f600}'],
])('%j becomes %j', (text, kept) => {
  expect(toStorableText(text, 10)).toBe(kept)
  expect(findUnstorable(kept)).toBeUndefined()
})
