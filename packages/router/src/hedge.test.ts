import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { hedge } from './hedge.ts'

/** A call that answers after some time, unless it is not wanted any more. */
const after = (clock: ReturnType<typeof createFakeClock>, ms: number, value: string) => (unwanted: AbortSignal) =>
  clock.sleep(ms, { signal: unwanted }).then(
    () => value,
    () => 'ended',
  )
const isFinal = (value: string) => value !== 'ended' && value !== 'failed'

test.each([
  ['a fast first is alone', 50, 10, { first: 'a', other: undefined }],
  ['the faster of two ends the other', 500, 10, { first: 'ended', other: 'b' }],
  ['the first may still be it', 150, 400, { first: 'a', other: 'ended' }],
])('%s', async (_, firstMs, otherMs, expected) => {
  const clock = createFakeClock()
  const hedged = hedge([after(clock, firstMs, 'a'), after(clock, otherMs, 'b')], { waitMs: 100, clock, isFinal })
  for (let ms = 0; ms < 600; ms += 10) await clock.advance(10)
  expect(await hedged).toEqual(expected)
})

test('one that failed does not end the other', async () => {
  const clock = createFakeClock()
  const hedged = hedge([after(clock, 300, 'a'), after(clock, 20, 'failed')], { waitMs: 100, clock, isFinal })
  for (let ms = 0; ms < 600; ms += 10) await clock.advance(10)
  expect(await hedged).toEqual({ first: 'a', other: 'failed' })
})
