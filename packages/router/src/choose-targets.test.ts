import { expect, test } from 'vitest'
import { type Candidate, chooseTargets } from './choose-targets.ts'

function candidate(id: string, more: Partial<Candidate> = {}): Candidate {
  const provider = { name: id, project: null, kind: 'openai' }
  return {
    target: { id, provider, model: 'm', key: id },
    price: 100,
    coolingMs: 0,
    faults: 0,
    firstOutputMs: undefined,
    ...more,
  }
}
const idsOf = (chosen: { order: readonly { target: { id: string } }[] }) => chosen.order.map(({ target }) => target.id)
const random = () => 0.5

test('order keeps the order, price takes the cheapest, latency the fastest', () => {
  const candidates = [
    candidate('a', { price: 300, firstOutputMs: 10 }),
    candidate('b', { price: 100, firstOutputMs: 90 }),
  ]
  expect(idsOf(chooseTargets(candidates, { policy: { choose: 'order' }, random }))).toEqual(['a', 'b'])
  expect(idsOf(chooseTargets(candidates, { policy: { choose: 'price' }, random }))).toEqual(['b', 'a'])
  expect(idsOf(chooseTargets(candidates, { policy: { choose: 'latency' }, random }))).toEqual(['a', 'b'])
})

test('balanced takes a target of twice the price a fifth of the time', () => {
  let seed = 1
  const next = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const candidates = [candidate('dear', { price: 200 }), candidate('cheap', { price: 100 })]
  const first = Array.from({ length: 10_000 }, () => idsOf(chooseTargets(candidates, { policy: {}, random: next }))[0])
  const share = first.filter((id) => id === 'dear').length / first.length
  expect(share).toBeGreaterThan(0.18)
  expect(share).toBeLessThan(0.22)
})

test('balanced tries what had a fault last', () => {
  const candidates = [candidate('faulty', { price: 1, faults: 1 }), candidate('good', { price: 1_000_000 })]
  expect(idsOf(chooseTargets(candidates, { policy: {}, random }))).toEqual(['good', 'faulty'])
})

test('a session keeps its target when another one goes', () => {
  const all = ['a', 'b', 'c', 'd'].map((id) => candidate(id))
  for (let session = 0; session < 50; session++) {
    const options = { policy: {}, random: Math.random, sticky: `session-${session}` }
    const [first, second] = idsOf(chooseTargets(all, options))
    expect(idsOf(chooseTargets(all.toReversed(), options))[0]).toBe(first)
    const rest = all.filter(({ target }) => target.id !== first)
    expect(idsOf(chooseTargets(rest, options))[0]).toBe(second)
  }
})

test('what cannot serve is left out, with the reason', () => {
  const { order, skipped } = chooseTargets(
    [
      candidate('cold', { coolingMs: 1_500, coolingReason: 'rate_limited' }),
      candidate('unknown', { price: undefined }),
      candidate('other', { unfit: 'it does not serve embeddings in this dialect' }),
      candidate('good'),
    ],
    { policy: {}, random },
  )
  expect(order).toMatchObject([{ reason: 'chosen by balanced: at most 100 micro-credits' }])
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'cooling: rate_limited',
    'no price is known',
    'it does not serve embeddings in this dialect',
  ])
})
