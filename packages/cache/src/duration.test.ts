import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Duration, toMilliseconds } from './duration.ts'

it('reads every unit', () => {
  const texts: Duration[] = ['250ms', '30s', '10m', '6h', '7d', '0.5s', 1_500]
  expect(texts.map((text) => toMilliseconds('ttl', text))).toEqual([
    250, 30_000, 600_000, 21_600_000, 604_800_000, 500, 1_500,
  ])
})

it('refuses everything else, naming the option', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text))
      expect(() => toMilliseconds('ttl', text as Duration)).toThrow('ttl must be a length of time')
    }),
  )
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '9999d' as const]) {
    expect(() => toMilliseconds('staleFor', value)).toThrow('staleFor')
  }
})
