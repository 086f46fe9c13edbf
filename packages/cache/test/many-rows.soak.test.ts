import { expect, test } from 'vitest'
import { measureManyRows } from './many-rows.ts'

/** Milliseconds; counting every row is the one thing that takes longer with more of them, and is done once a minute at most. */
const bounds: Readonly<Record<string, number>> = { 'the first sweep, which counts': 10_000, stats: 10_000 }

test('among a million entries nothing but a count takes longer than among few', { timeout: 600_000 }, async () => {
  const figures = await measureManyRows(1_000_000)
  for (const { what, ms } of figures) console.info(`${what}: ${ms.toFixed(1)} ms`)
  const slow = figures.filter(({ what, ms }) => ms > (bounds[what] ?? 1_000))
  expect(slow.map(({ what, ms }) => `${what}: ${ms}`)).toEqual([])
  expect(figures.find(({ what }) => what.startsWith('left'))?.answer).toEqual({ epochs: 0, void: 0 })
})
