import fc from 'fast-check'
import { expect, test } from 'vitest'
import { healthCases } from '../test/health-cases.ts'
import { defaultHealthPolicy, scoreHealth } from './health-score.ts'

test.each(healthCases)('$title', ({ figures, policy, score, worst }) => {
  const found = scoreHealth(figures, { ...defaultHealthPolicy, ...policy })
  expect([found.score, found.worst]).toEqual([score, worst])
})

const part = fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }), { nil: null })
const anyFigures = fc.record({
  ageMs: part,
  ttlMs: fc.option(fc.integer({ min: 3_000, max: 3_600_000 }), { nil: null }),
  requests: part,
  errors: part,
  p95Ms: part,
  targetP95Ms: part,
  credits: part,
  share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
  backlog: part,
})

test('every score is null or a whole number from 0 to 100, and never better for more errors', () => {
  fc.assert(
    fc.property(anyFigures, fc.double({ min: 1, max: 1e12, noNaN: true }), (figures, more) => {
      const { score, worst, factors } = scoreHealth(figures)
      for (const value of [score, ...Object.values(factors)]) {
        if (value !== null) expect(Number.isInteger(value) && value >= 0 && value <= 100).toBe(true)
      }
      expect(worst.every((name) => factors[name] !== null)).toBe(true)
      if (score === null || figures.errors === null) return
      expect(scoreHealth({ ...figures, errors: figures.errors + more }).score).toBeLessThanOrEqual(score)
    }),
  )
})
