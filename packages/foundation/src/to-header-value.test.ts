import { expect, test } from 'vitest'
import { toHeaderValue } from './to-header-value.ts'

test.each(['ck_live_x', 'job 1', '~', 'a"b'])('%j is carried as it is', (text) => {
  expect(toHeaderValue('the key', text)).toBe(text)
  expect(new Headers({ name: text }).get('name')).toBe(text)
})

test.each(['', ' a', 'a ', 'a\n', 'a\nb', 'a\0b', 'größe', '日本', 'a\ud800'])(
  '%j is refused, and not shown',
  (text) => {
    const refuse = () => toHeaderValue('the key', text)
    expect(refuse).toThrow(expect.objectContaining({ code: 'E_INVALID', fix: expect.stringContaining('ASCII') }))
    expect(refuse).toThrow(/^the key is empty or holds characters that no header can carry$/)
  },
)
