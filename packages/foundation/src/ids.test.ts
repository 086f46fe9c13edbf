import { expect, test } from 'vitest'
import { createUuidv7, uuidv7 } from './ids.ts'

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const milliseconds = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16)
const make = (count: number, next: () => string) => Array.from({ length: count }, () => next())

test('an id has the form of RFC 9562, version 7', () => {
  for (const id of make(1000, uuidv7)) expect(id).toMatch(form)
})

test('an id begins with the time it was made at', () => {
  const before = Date.now()
  const id = uuidv7()
  expect(milliseconds(id)).toBeGreaterThanOrEqual(before)
  expect(milliseconds(id)).toBeLessThanOrEqual(Date.now() + 1000)
  // The example of RFC 9562, appendix A.6
  expect(createUuidv7(() => 0x017f22e279b0)()).toMatch(/^017f22e2-79b0-7000-/)
})

test('ids are unique and sort by creation, also across the pool of random bytes', () => {
  const ids = make(50_000, uuidv7)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.toSorted()).toEqual(ids)
})

test('ids keep their order while the clock stops', () => {
  const ids = make(
    20_000,
    createUuidv7(() => 1_700_000_000_000),
  )
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  expect(milliseconds(ids.at(-1) ?? '')).toBe(1_700_000_000_000 + Math.floor((20_000 - 1) / 4096))
})

test('ids keep their order while the clock goes back', () => {
  let nowMs = 1_700_000_000_000
  const ids = make(
    5_000,
    createUuidv7(() => nowMs--),
  )
  expect(ids.toSorted()).toEqual(ids)
})

test('the random part of an id is its own', () => {
  const tails = make(
    5_000,
    createUuidv7(() => 0),
  ).map((id) => id.slice(19))
  expect(new Set(tails).size).toBe(tails.length)
})

test('ids made at once by two sources differ', () => {
  const still = () => 1_700_000_000_000
  const ids = [...make(4096, createUuidv7(still)), ...make(4096, createUuidv7(still))]
  expect(new Set(ids).size).toBe(8192)
})
