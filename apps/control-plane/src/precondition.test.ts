import { expect, test } from 'vitest'
import { isKnown, readPrecondition, toEntityTag } from './precondition.ts'

const match = (value: string) => readPrecondition('edit', { 'if-match': value }).ifMatch
const noneMatch = (value: string) => readPrecondition('read', { 'if-none-match': value }).known

test.each([
  ['*', ['*']],
  ['"abc"', ['abc']],
  ['"abc", "d-e" ,"f"', ['abc', 'd', 'f']],
  ['W/"abc"', []], // strong comparison: a weak tag is never the same
  ['"*"', []], // a tag, not the wildcard
  ['""', ['']],
])('If-Match %s', (value, tags) => {
  expect(match(value)).toEqual(tags)
})

test.each(['abc', '', '"abc', '"a""b"', '"a" "b"', 'w/"a"', "'a'", '*,"a"', `"${'x'.repeat(2001)}"`])(
  'If-Match %j is no list of tags',
  (value) => {
    expect(() => match(value)).toThrow('header.If-Match')
  },
)

test('If-None-Match on an edit is * or nothing, and never beside If-Match', () => {
  expect(readPrecondition('edit', { 'if-none-match': '*' }).ifMatch).toEqual([])
  expect(() => readPrecondition('edit', { 'if-none-match': '"abc"' })).toThrow('must be *')
  expect(() => readPrecondition('edit', { 'if-none-match': '*', 'if-match': '*' })).toThrow('together')
})

test('without the fields, or on a route without them, nothing is asked', () => {
  expect(readPrecondition('edit', {})).toEqual({ ifMatch: null, known: [] })
  expect(readPrecondition(undefined, { 'if-match': 'nonsense' })).toEqual({ ifMatch: null, known: [] })
})

test('a read compares weakly, and knows everything by *', () => {
  expect(noneMatch('W/"abc", "def"')).toEqual(['abc', 'def'])
  expect(isKnown({ ifMatch: null, known: ['abc'] }, '"abc"')).toBe(true)
  expect(isKnown({ ifMatch: null, known: '*' }, '"abc"')).toBe(true)
  expect(isKnown({ ifMatch: null, known: ['ab'] }, '"abc"')).toBe(false)
})

test('the tag of a read is that of all it shows but the time; its beginning is the state', () => {
  const read = (body: object) => toEntityTag('read', { ...body })
  const one = read({ etag: 's1', held: 1, at: 'now' })
  expect(one).toMatch(/^"s1-[0-9a-f]{32}"$/)
  expect(read({ etag: 's1', held: 1, at: 'later' })).toBe(one)
  expect(read({ etag: 's1', held: 2, at: 'now' })).not.toBe(one)
  expect(read({ data: [] })).toMatch(/^"[0-9a-f]{32}"$/)
  expect(toEntityTag('edit', { etag: 's1', held: 2 })).toBe('"s1"')
  expect(toEntityTag('edit', { etag: null })).toBeUndefined()
})
