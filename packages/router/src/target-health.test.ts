import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import type { TargetLimits } from './routing.ts'
import { type Cooled, createTargetHealth } from './target-health.ts'

function open() {
  const clock = createFakeClock()
  const cooled: Cooled[] = []
  return { clock, cooled, health: createTargetHealth(clock, (one) => cooled.push(one)) }
}

test('five faults in 30 s cool a target for 30 s, then one call tries', async () => {
  const { clock, health } = open()
  for (let nth = 0; nth < 4; nth++) health.failed('a')
  expect(health.read('a').coolingMs).toBe(0)
  health.failed('a')
  expect(health.read('a').coolingMs).toBe(30_000)
  expect(health.enter('a', undefined, 1)).toHaveProperty('full')
  await clock.advance(30_001)
  const probe = health.enter('a', undefined, 1)
  expect(probe).not.toHaveProperty('full')
  expect(health.enter('a', undefined, 1)).toEqual({ full: 'one call tries whether it works again' })
  health.failed('a')
  expect(health.read('a').coolingMs).toBe(60_000)
})

test('however many calls were under way when it began to cool, it cools as long as the first time', async () => {
  const { clock, health } = open()
  for (let nth = 0; nth < 20; nth++) health.failed('a')
  expect(health.read('a').coolingMs).toBe(30_000)
  await clock.advance(30_000)
  expect(health.enter('a', undefined, 1)).not.toHaveProperty('full')
  health.failed('a')
  expect(health.read('a').coolingMs).toBe(60_000)
})

test('faults older than 30 s do not count', async () => {
  const { clock, health } = open()
  for (let nth = 0; nth < 20; nth++) {
    health.failed('a')
    await clock.advance(8_000)
  }
  expect(health.read('a').coolingMs).toBe(0)
})

test('coolings by faults double up to five minutes, and a success starts over', async () => {
  const { clock, health } = open()
  const lengths: number[] = []
  for (let nth = 0; nth < 5; nth++) health.failed('a')
  for (let nth = 0; nth < 5; nth++) {
    lengths.push(health.read('a').coolingMs)
    await clock.advance(health.read('a').coolingMs + 1)
    health.enter('a', undefined, 1)
    health.failed('a')
  }
  expect(lengths).toEqual([30_000, 60_000, 120_000, 240_000, 300_000])
  await clock.advance(300_001)
  health.succeeded('a', 5)
  for (let nth = 0; nth < 5; nth++) health.failed('a')
  expect(health.read('a').coolingMs).toBe(30_000)
})

test('429 is waited for and is no fault, and the key is waited for longest', () => {
  const { health, cooled } = open()
  health.rateLimited('a', 2_000)
  health.rateLimited('b', undefined)
  health.rateLimited('c', 86_400_000)
  health.refused('d')
  expect(['a', 'b', 'c', 'd'].map((id) => health.read(id).coolingMs)).toEqual([2_000, 10_000, 300_000, 300_000])
  expect(health.read('a').faults).toBe(0)
  expect(cooled.map(({ reason }) => reason)).toEqual(['rate_limited', 'rate_limited', 'rate_limited', 'auth'])
})

test('limits of a minute and calls in flight leave a target out', async () => {
  const { clock, health } = open()
  const first = health.enter('a', { requestsPerMinute: 2, inFlight: 1 }, 1)
  expect(health.enter('a', { inFlight: 1 }, 1)).toEqual({ full: '1 calls are in flight' })
  if (!('full' in first)) first[Symbol.dispose]()
  expect(health.enter('a', { requestsPerMinute: 2 }, 1)).not.toHaveProperty('full')
  expect(health.enter('a', { requestsPerMinute: 2 }, 1)).toEqual({ full: 'its limit per minute is reached' })
  expect(health.enter('b', { tokensPerMinute: 10 }, 50)).not.toHaveProperty('full')
  expect(health.enter('b', { tokensPerMinute: 10 }, 1)).toHaveProperty('full')
  await clock.advance(60_000)
  expect(health.enter('a', { requestsPerMinute: 2 }, 1)).not.toHaveProperty('full')
})

test('the owner may let more than the default of 1,000 calls be in flight, until the provider refuses', () => {
  const { health } = open()
  const enter = (limits?: TargetLimits) => health.enter('a', limits, 1)
  for (let nth = 0; nth < 1_500; nth++) expect(enter({ inFlight: 2_000 })).not.toHaveProperty('full')
  expect(enter()).toEqual({ full: '1500 calls are in flight' })
})

test.each([1, 8])('a provider that refuses %d of eight gets half of the calls at a time', async (refused) => {
  const { clock, health } = open()
  const places = Array.from({ length: 8 }, () => health.enter('a', undefined, 1))
  for (let nth = 0; nth < refused; nth++) health.rateLimited('a', 1_000)
  for (const place of places) if (!('full' in place)) place[Symbol.dispose]()
  await clock.advance(1_001)
  health.succeeded('a', undefined)
  const entered = Array.from({ length: 8 }, () => health.enter('a', undefined, 1))
  expect(entered.filter((place) => !('full' in place))).toHaveLength(4)
})

test('a slow call counts at once, a fast one slowly', async () => {
  const { clock, health } = open()
  health.succeeded('a', 100)
  health.succeeded('a', 900)
  expect(health.read('a').firstOutputMs).toBe(900)
  await clock.advance(7_000)
  health.succeeded('a', 100)
  expect(health.read('a').firstOutputMs).toBeGreaterThan(300)
  expect(health.read('a').firstOutputMs).toBeLessThan(600)
})
