import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { atMostEvery } from './at-most-every.ts'

test('the work is done once for all who ask at a time, and again only after the pause', async () => {
  const clock = createFakeClock()
  let runs = 0
  const ask = atMostEvery(250, clock, async () => void runs++)
  await Promise.all([ask(), ask(), ask()])
  expect(runs).toBe(1)
  await ask()
  expect(runs).toBe(1)
  await clock.advance(250)
  await ask()
  expect(runs).toBe(2)
})

test('who asks while it fails learns of it, and the next one after the pause begins again', async () => {
  const clock = createFakeClock()
  let isBroken = true
  const ask = atMostEvery(250, clock, async () => {
    if (isBroken) throw new Error('broken')
  })
  await expect(Promise.all([ask(), ask()])).rejects.toThrow('broken')
  isBroken = false
  await clock.advance(250)
  await ask()
})
