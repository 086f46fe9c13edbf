import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { type Contestant, measure, toMeasurement } from './measure.ts'

const options = { sampleMs: 20, signal: new AbortController().signal, onProgress: () => undefined }

function recorder(name: string, log: string[], msPerOperation: number): Contestant {
  return {
    name,
    async prepare() {
      log.push(`prepare ${name}`)
    },
    async run(operations) {
      log.push(name)
      await sleep(operations * msPerOperation)
      return Array.from({ length: operations }, () => msPerOperation)
    },
  }
}

test('contestants take turns, every other round in the opposite order, after a round that does not count', async () => {
  const log: string[] = []
  await measure([recorder('a', log, 30), recorder('b', log, 30)], { ...options, rounds: 2 })
  const runs = log.filter((entry) => !entry.startsWith('prepare'))
  expect(runs).toEqual(['a', 'b', 'a', 'b', 'b', 'a', 'a', 'b'])
  expect(log.filter((_, index) => index % 2 === 0)).toEqual(runs.map((name) => `prepare ${name}`))
})

test('preparing is not timed', async () => {
  const slowToPrepare: Contestant = {
    name: 'a',
    prepare: () => sleep(100),
    run: async () => {
      await sleep(10)
      return []
    },
  }
  const measured = await measure([slowToPrepare], { ...options, rounds: 1 })
  expect(measured.perSecond('a')).toBeGreaterThan(1_000 / 100)
})

test('the number of operations fills a sample and keeps to whole steps', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const counts: number[] = []
    const contestant: Contestant = {
      name: 'a',
      step: 7,
      run: async (operations) => {
        counts.push(operations)
        vi.advanceTimersByTime(operations) // a millisecond for each
        return []
      },
    }
    await measure([contestant], { ...options, sampleMs: 200, rounds: 1 })
    expect(counts.every((count) => count % 7 === 0)).toBe(true)
    expect(counts.at(-1)).toBe(203)
  } finally {
    vi.useRealTimers()
  }
})

test('figures are medians of the rounds, ratios are taken within a round', () => {
  const sample = (perSecond: number, ...latenciesMs: number[]) => ({ perSecond, latenciesMs })
  const measured = toMeasurement(
    new Map([
      ['ours', [sample(10, 1, 2, 3), sample(50, 1, 1, 9), sample(20, 2, 2, 4)]],
      ['limit', [sample(20), sample(50), sample(80)]],
    ]),
  )
  expect(measured.perSecond('ours')).toBe(20)
  expect(measured.ratio('ours', 'limit')).toEqual({ middle: 0.5, lowest: 0.25, highest: 1 })
  expect(measured.latencyMs('ours', 0.99)).toBe(4)
  expect(measured.tail('ours', 0.99, 0.5)).toBe(2)
  expect(() => measured.perSecond('other')).toThrow('other')
})

test('an abort ends the run between two samples', async () => {
  const stop = new AbortController()
  const contestant: Contestant = {
    name: 'a',
    run: async () => {
      await sleep(30)
      stop.abort(new Error('stopped'))
      return []
    },
  }
  await expect(measure([contestant], { ...options, rounds: 5, signal: stop.signal })).rejects.toThrow('stopped')
})
