import { describe, expect, test } from 'vitest'
import { isInRollout, rolloutBucket } from './rollout.ts'

const units = Array.from({ length: 20_000 }, (_, index) => `user-${index}`)
const reached = (name: string, rolloutBasisPoints: number) =>
  units.filter((unit) => isInRollout(name, unit, rolloutBasisPoints))

// Made with: printf '%s' "$name:$unit" | sha256sum | cut -c1-8, read as hexadecimal, modulo 10000.
// The table is the contract with other languages and with roll-outs under way: it never changes.
test.each([
  ['router.enabled', 'user-1', 172],
  ['router.enabled', 'user-2', 201],
  ['router.enabled', 'user-3', 4590],
  ['cache.enabled', 'user-1', 6479],
  ['a', '', 3300],
  ['a', 'a:b', 7603],
  ['router.enabled', '0199a1b2-0000-7000-8000-000000000001', 2317],
  ['router.enabled', 'Zoë 日本 🦊', 4710],
  ['x-y_z.1', ' ', 8226],
])('%s for %s is in bucket %i', (name, unit, bucket) => {
  expect(rolloutBucket(name, unit)).toBe(bucket)
})

describe('a roll-out', () => {
  test('only gains units when it is raised', () => {
    let before = new Set<string>()
    for (const rolloutBasisPoints of [0, 1, 50, 100, 999, 1000, 2500, 5000, 7500, 9999, 10_000]) {
      const now = new Set(reached('router.enabled', rolloutBasisPoints))
      expect([...before].filter((unit) => !now.has(unit))).toEqual([])
      before = now
    }
    expect(before.size).toBe(units.length)
  })

  test.each([100, 1000, 2500, 5000, 9000])(
    'of %i basis points reaches that share of many units',
    (rolloutBasisPoints) => {
      const share = reached('router.enabled', rolloutBasisPoints).length / units.length
      // Five standard deviations of a fair draw.
      const tolerance =
        5 * Math.sqrt(((rolloutBasisPoints / 10_000) * (1 - rolloutBasisPoints / 10_000)) / units.length)
      expect(Math.abs(share - rolloutBasisPoints / 10_000)).toBeLessThan(tolerance)
    },
  )

  test('of another flag reaches other units', () => {
    const one = new Set(reached('router.enabled', 5000))
    const both = reached('cache.enabled', 5000).filter((unit) => one.has(unit))
    expect(both.length / units.length).toBeGreaterThan(0.23)
    expect(both.length / units.length).toBeLessThan(0.27)
  })

  test('of 0 % reaches no unit, of 100 % every unit, also without a unit', () => {
    expect(reached('router.enabled', 0)).toEqual([])
    expect(isInRollout('router.enabled', undefined, 10_000)).toBe(true)
    expect(isInRollout('router.enabled', undefined, 9_999)).toBe(false)
  })
})
