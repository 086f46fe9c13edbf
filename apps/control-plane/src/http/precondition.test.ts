import { expect, test } from 'vitest'
import { isKnown, readPrecondition, toEntityTag } from './precondition.ts'

const edit = { conditional: 'edit', method: 'PUT' } as const
const read = { conditional: 'read', method: 'GET' } as const

const match = (value: string) => readPrecondition(edit, { 'if-match': value }).ifMatch
const noneMatch = (value: string) => readPrecondition(read, { 'if-none-match': value }).known

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
  expect(readPrecondition(edit, { 'if-none-match': '*' }).ifMatch).toEqual([])
  expect(() => readPrecondition(edit, { 'if-none-match': '"abc"' })).toThrow('must be *')
  expect(() => readPrecondition(edit, { 'if-none-match': '*', 'if-match': '*' })).toThrow('together')
})

test('without the fields, or on a read without them, nothing is asked; a change that cannot heed them is refused', () => {
  expect(readPrecondition(edit, {})).toEqual({ ifMatch: null, known: [] })
  expect(readPrecondition({ method: 'GET' }, { 'if-match': 'nonsense' })).toEqual({ ifMatch: null, known: [] })
  const takesNone = 'header.If-Match: this operation takes no condition'
  expect(() => readPrecondition({ method: 'DELETE' }, { 'if-match': '"abc"' })).toThrow(takesNone)
  expect(() => readPrecondition({ method: 'POST' }, { 'if-none-match': '*' })).toThrow('header.If-None-Match')
})

test('a read compares weakly, and knows everything by *', () => {
  expect(noneMatch('W/"abc", "def"')).toEqual(['abc', 'def'])
  expect(isKnown({ ifMatch: null, known: ['abc'] }, '"abc"')).toBe(true)
  expect(isKnown({ ifMatch: null, known: '*' }, '"abc"')).toBe(true)
  expect(isKnown({ ifMatch: null, known: ['ab'] }, '"abc"')).toBe(false)
})

test('the tag of a read is that of all it shows but the time; its beginning is the state', () => {
  const tagOf = (body: object) => toEntityTag('read', { ...body })
  const one = tagOf({ etag: 's1', held: 1, at: 'now' })
  expect(one).toMatch(/^"s1-[0-9a-f]{32}"$/)
  expect(tagOf({ etag: 's1', held: 1, at: 'later' })).toBe(one)
  expect(tagOf({ etag: 's1', held: 2, at: 'now' })).not.toBe(one)
  expect(tagOf({ data: [] })).toMatch(/^"[0-9a-f]{32}"$/)
  expect(toEntityTag('edit', { etag: 's1', held: 2 })).toBe('"s1"')
  expect(toEntityTag('edit', { etag: null })).toBeUndefined()
})
