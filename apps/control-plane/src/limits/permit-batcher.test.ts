import type { Database } from '@core/database'
import { CoreError } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createPermitBatcher } from './permit-batcher.ts'

test('after a failure no call leaves for a second, however many requests come; then the next one does', async () => {
  const clock = createFakeClock(0)
  let isAway = true
  let calls = 0
  const rpc = (async () => {
    calls++
    if (isAway) throw new CoreError('E_DATABASE_UNAVAILABLE', 'away')
    return { ok: true, leases: [{ key: 'a', cell: 1, given: 1, left: 9, reset_ms: 0 }] }
  }) as Database['rpc']
  const batcher = createPermitBatcher({ database: { rpc }, leaseMs: 5000, clock })
  const ask = () => batcher.ask({ key: 'a', limit: 10, windowMs: 60_000, terms: () => ({ want: 1 }), unspent: [] })
  await expect(ask()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  isAway = false

  // Refusals while it is away must not keep it away: callers come more than once a second.
  for (let tenth = 1; tenth < 10; tenth++) {
    await clock.advance(100)
    await expect(ask()).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  }
  expect(calls).toBe(1)
  await clock.advance(100)
  expect(await ask()).toMatchObject({ given: 1, left: 9 })
  expect(calls).toBe(2)
})

test('what may wait for others does, also while a call is out; what may not goes when the call is back', async () => {
  const sent: string[][] = []
  const answers: (() => void)[] = []
  const rpc = (async (_name: string, args: object) => {
    const keys: string[] = Object(args).p_wants.map((want: object) => String(Object(want).key))
    sent.push(keys)
    await new Promise<void>((resolve) => answers.push(resolve))
    return { ok: true, leases: keys.map((key) => ({ key, cell: 1, given: 1, left: 9, reset_ms: 0 })) }
  }) as Database['rpc']
  const batcher = createPermitBatcher({ database: { rpc }, leaseMs: 5000 })
  const ask = (key: string, patienceMs?: number) =>
    batcher.ask({ key, limit: 10, windowMs: 60_000, terms: () => ({ want: 1 }), unspent: [] }, patienceMs)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const asked = [ask('first')]
  await turn()
  asked.push(ask('patient', 60_000))
  await turn()
  answers.shift()?.()
  await asked[0]
  await turn()
  expect(sent).toEqual([['first']])
  asked.push(ask('second'))
  await turn()
  expect(sent).toEqual([['first'], ['patient', 'second']])
  answers.shift()?.()
  await Promise.all(asked)
})
