import { createFakeClock } from '@core/foundation/testing'
import { type Candidate, chooseTargets, createTargetHealth } from '@core/router'
import { type Row, toRow } from '../row.ts'
import { median } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'

/** The choice among five targets, and what a target costs that is dead for an hour. */
export async function measureChoice({ isQuick, measure: { rounds } }: BenchContext): Promise<Row[]> {
  const candidates = Array.from({ length: 5 }, (_, index): Candidate => {
    const provider = { name: `p${index}`, kind: 'openai', project: null }
    const target = { id: `p${index}/m`, key: `p${index}/m`, provider, model: 'm' }
    return {
      target,
      price: 1_000 + index,
      coolingMs: index === 4 ? 10 : 0,
      faults: index % 2,
      firstOutputMs: 200 + index,
    }
  })
  const count = isQuick ? 100 : 50_000
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const startedAt = performance.now()
    for (let index = 0; index < count; index++) {
      const { order } = chooseTargets(candidates, { policy: {}, sticky: undefined, random: Math.random })
      if (order.length !== 4) throw new Error(`${order.length} targets were chosen`)
    }
    times.push(((performance.now() - startedAt) / count) * 1_000)
  }
  return [
    toRow('a choice among five targets', median(times.slice(1)), 'us', goals.choiceUs),
    toRow('attempts at a dead target in each cooling', await countAttempts(), 'calls', goals.attemptsPerCooling),
  ]
}

/** A call a second for an hour, on a clock that is not waited for. The first five faults find it dead. */
async function countAttempts(): Promise<number> {
  const clock = createFakeClock()
  let coolings = 0
  const health = createTargetHealth(clock, () => {
    coolings++
  })
  let attempts = 0
  for (let second = 0; second < 3_600; second++) {
    if (health.read('dead').coolingMs === 0) {
      const place = health.enter('dead', undefined, 10)
      if ('full' in place) throw new Error(place.full)
      attempts++
      health.failed('dead')
      place[Symbol.dispose]()
    }
    await clock.advance(1_000)
  }
  return (attempts - 5) / Math.max(1, coolings - 1)
}
