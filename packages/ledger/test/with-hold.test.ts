import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { CoreError, isCoreError } from '@core/foundation'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLedger, type HoldWorkInput, type Ledger, type LiveHold, microCredits } from '../src/index.ts'

let base: TestDatabase
let ledger: Ledger
let accounts = 0

beforeAll(async () => {
  base = await createTestDatabase()
  ledger = createLedger({ database: base.database })
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await ledger.close()
  await base.drop()
})

const amount = microCredits
/** A new account with 1,000. */
async function openAccount(): Promise<string> {
  const account = `a${++accounts}`
  await base.database.rpc('ledger_account_open', { p_key: account, p_account: account })
  await ledger.grant({ account, amount: amount(1_000) })
  return account
}
const run = (account: string, work: (hold: LiveHold) => Promise<unknown>, input: Partial<HoldWorkInput> = {}) =>
  ledger.withHold({ account, max: amount(400), ...input }, work)
const balanceOf = async (account: string) => {
  const answer = await ledger.balance(account)
  return answer.status === 'found' ? { settled: answer.settled, held: answer.held } : answer
}

describe('work under a hold', () => {
  let account: string
  beforeEach(async () => {
    account = await openAccount()
  })

  test('is charged what it metered; the rest goes back', async () => {
    const outcome = await run(account, async (hold) => {
      expect(await balanceOf(account)).toEqual({ settled: 1_000, held: 400 })
      hold.meter(amount(100))
      hold.meter(amount(50))
      expect([hold.granted, hold.metered]).toEqual([400, 150])
      return 'value'
    })
    expect(outcome).toMatchObject({ status: 'done', value: 'value', charged: 150, released: 250 })
    expect(await balanceOf(account)).toEqual({ settled: 850, held: 0 })
  })

  test('is charged nothing when it metered nothing on purpose', async () => {
    expect(await run(account, async (hold) => hold.meter(amount(0)))).toMatchObject({ charged: 0, released: 400 })
  })

  test('is charged whole, and says so, when it forgot to meter', async () => {
    const outcome = await run(account, async () => undefined)
    expect(outcome).toMatchObject({ charged: 400, settlement: { flags: ['estimated'] } })
    expect(await balanceOf(account)).toEqual({ settled: 600, held: 0 })
  })

  test('is charged what it metered when it fails, and its error comes through', async () => {
    const failed = run(account, async (hold) => {
      hold.meter(amount(70))
      throw new TypeError('the provider hung up')
    })
    await expect(failed).rejects.toThrow(new TypeError('the provider hung up'))
    expect(await balanceOf(account)).toEqual({ settled: 930, held: 0 })
  })

  test('costs nothing when it fails before it metered', async () => {
    await expect(run(account, () => Promise.reject(new TypeError('at once')))).rejects.toThrow('at once')
    expect(await balanceOf(account)).toEqual({ settled: 1_000, held: 0 })
  })

  test('is not begun without credits; with a min it begins with what there is', async () => {
    let begun = 0
    const work = async (hold: LiveHold) => {
      begun++
      expect(hold.granted).toBe(1_000)
      hold.meter(amount(1))
    }
    expect(await run(account, work, { max: amount(1_001) })).toMatchObject({
      status: 'insufficient_credits',
      available: 1_000,
    })
    expect(await run('ghost', work)).toMatchObject({ status: 'account_not_found' })
    expect(begun).toBe(0)
    expect(await run(account, work, { max: amount(5_000), min: amount(1_000) })).toMatchObject({ status: 'done' })
  })

  test('sets more aside while it continues, as far as there is more', async () => {
    const outcome = await run(account, async (hold) => {
      expect(await hold.extend(amount(500))).toBe(true)
      expect(hold.granted).toBe(900)
      expect(await hold.extend(amount(101))).toBe(false)
      expect(hold.granted).toBe(900)
      hold.meter(amount(850))
    })
    expect(outcome).toMatchObject({ charged: 850, released: 50, settlement: { flags: [] } })
  })

  test('that used more than was set aside is charged what is there, and says what is not', async () => {
    const outcome = await run(account, async (hold) => hold.meter(amount(1_100)))
    expect(outcome).toMatchObject({
      charged: 800,
      settlement: { uncollected: 300, flags: ['overflow', 'uncollected'], available: 200 },
    })
  })

  test('hears of its caller giving up, and is charged what it had metered', async () => {
    const stop = new AbortController()
    const failed = ledger.withHold(
      { account, max: amount(400) },
      async (hold) => {
        hold.meter(amount(30))
        stop.abort(new Error('enough'))
        expect(hold.signal.aborted).toBe(true)
        hold.signal.throwIfAborted()
      },
      { signal: stop.signal },
    )
    await expect(failed).rejects.toThrow('enough')
    expect(await balanceOf(account)).toEqual({ settled: 970, held: 0 })
  })

  test('with one key, run twice, is charged once', async () => {
    const input = { key: `run ${account}` }
    for (let round = 0; round < 2; round++)
      expect(await run(account, async (hold) => hold.meter(amount(60)), input)).toMatchObject({ charged: 60 })
    expect(await balanceOf(account)).toEqual({ settled: 940, held: 0 })
  })

  test('takes a key of up to 192 characters, and refuses a longer one before it begins', async () => {
    let begun = 0
    const work = async (hold: LiveHold) => {
      begun++
      expect(await hold.extend(amount(10))).toBe(true)
      hold.meter(amount(1))
    }
    for (const length of [1, 150, 190, 191, 192, 193, 200]) {
      const outcome = await run(account, work, { key: 'k'.repeat(length) }).catch((error: unknown) => error)
      if (length > 192) expect([isCoreError(outcome, 'E_INVALID'), begun]).toEqual([true, 0])
      else expect(outcome).toMatchObject({ status: 'done', charged: 1 })
      begun = 0
    }
    expect(await balanceOf(account)).toMatchObject({ held: 0 })
  })
})

describe('time', () => {
  test.concurrent('a heartbeat keeps a short hold alive for as long as the work takes', async ({ expect }) => {
    const account = await openAccount()
    const outcome = await run(
      account,
      async (hold) => {
        await sleep(4_500)
        expect(hold.signal.aborted).toBe(false)
        hold.meter(amount(10))
      },
      { ttlSeconds: 3 },
    )
    expect(outcome).toMatchObject({ status: 'done', charged: 10, settlement: { status: 'settled', flags: [] } })
  })

  test.concurrent('a run that takes over the key of a killed one keeps its hold alive, too', async ({ expect }) => {
    const account = await openAccount()
    const input = { key: `again ${account}`, ttlSeconds: 3 }
    // What the killed one had sent: its reserve and a few renewals.
    const reserved = await ledger.reserve({ account, amount: amount(400), ttlSeconds: 3, key: `${input.key}:reserve` })
    if (reserved.status !== 'reserved') throw new Error(reserved.status)
    for (const beat of [1, 2, 3])
      await ledger.extend({ hold: reserved.hold, ttlSeconds: 3, key: `${input.key}:extend:${beat}` })
    const outcome = await run(
      account,
      async (hold) => {
        await sleep(4_500)
        hold.meter(amount(10))
      },
      input,
    )
    expect(outcome).toMatchObject({ status: 'done', hold: reserved.hold, settlement: { status: 'settled', flags: [] } })
  })

  test.concurrent('a hold that another caller ended stops the work within a beat', async ({ expect }) => {
    const account = await openAccount()
    const failed = run(
      account,
      async (hold) => {
        await ledger.void({ hold: hold.id })
        await sleep(5_000, undefined, { signal: hold.signal }).catch(() => hold.signal.throwIfAborted())
      },
      { ttlSeconds: 3 },
    )
    const error = await failed.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'E_CONFLICT', details: { reason: 'hold_closed' } })
    expect(await balanceOf(account)).toEqual({ settled: 1_000, held: 0 })
  })

  test.concurrent('a database that stays away stops the work when its hold has lapsed, not before', async ({
    expect,
  }) => {
    const account = await openAccount()
    let isAway = false
    const flaky = createLedger({
      database: {
        rpc: (name, args, options) =>
          isAway
            ? Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away'))
            : base.database.rpc(name, args, options),
      },
    })
    const startedAt = performance.now()
    const failed = flaky.withHold({ account, max: amount(400), ttlSeconds: 3 }, async (hold) => {
      isAway = true
      await sleep(100_000, undefined, { signal: hold.signal }).catch(() => undefined)
      isAway = false
      hold.signal.throwIfAborted()
    })
    await expect(failed).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
    expect(performance.now() - startedAt).toBeGreaterThan(2_900)
    expect(performance.now() - startedAt).toBeLessThan(60_000)
  })

  test.concurrent('what a killed process had set aside is released at its expiry', async ({ expect }) => {
    const account = await openAccount()
    const file = fileURLToPath(new URL('./with-hold-process.ts', import.meta.url))
    const child = fork(file, [base.url, account, `killed ${account}`], { execArgv: [] })
    await once(child, 'message')
    expect(await balanceOf(account)).toEqual({ settled: 1_000, held: 400 })
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    await expect.poll(() => balanceOf(account), { timeout: 30_000, interval: 200 }).toEqual({ settled: 1_000, held: 0 })
  })
})
