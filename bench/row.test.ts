import { expect, test } from 'vitest'
import { toRow } from './row.ts'

test('a row says whether the figure reaches its goal', () => {
  expect(toRow('reserves', 41_234.5, 'per second', { atLeast: 40_000 })).toEqual({
    name: 'reserves',
    figure: 41_230,
    unit: 'per second',
    goal: '>= 40000',
    met: true,
  })
  expect(toRow('deadlocks', 1, 'count', { atMost: 0 })).toMatchObject({ goal: '<= 0', met: false })
  expect(toRow('control', 1.02, 'ratio')).toMatchObject({ goal: null, met: null })
})

test('rounding does not meet a goal', () => {
  expect(toRow('share', 0.49999, 'ratio', { atLeast: 0.5 })).toMatchObject({ figure: 0.5, met: false })
})

test('a figure that is not a number is a fault of the benchmark', () => {
  expect(() => toRow('share', Number.NaN, 'ratio')).toThrow('share')
})
