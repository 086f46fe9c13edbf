import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { CoreError } from '@core/foundation'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLedger, type Ledger, type LiveHold, microCredits, unsettledOf } from '../src/index.ts'

/** How work that is done comes to its settlement, and keeps its value when it does not. */

let base: TestDatabase
let ledger: Ledger
let account: string
let accounts = 0
/** Fails settles while it says why. */
let fault: CoreError | undefined
let settles = 0

beforeAll(async () => {
  base = await createTestDatabase()
  ledger = createLedger({
    database: {
      rpc: (name, args, options) => {
        const isSettle = JSON.stringify(args).includes('"settle"')
        if (isSettle) settles++
        return isSettle && fault ? Promise.reject(fault) : base.database.rpc(name, args, options)
      },
    },
  })
})
afterAll(async () => {
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await ledger.close()
  await base.drop()
})
beforeEach(async () => {
  fault = undefined
  settles = 0
  account = `a${++accounts}`
  await base.database.rpc('ledger_account_open', { p_key: account, p_account: account })
  await ledger.grant({ account, amount: amount(1_000) })
})

const amount = microCredits
const away = new CoreError('E_DATABASE_UNAVAILABLE', 'away')
const metering = (metered: number) => async (hold: LiveHold) => {
  hold.meter(amount(metered))
  return 'value'
}
const settledOf = async () => {
  const balance = await ledger.balance(account)
  return balance.status === 'found' ? balance.settled : balance
}

test('a work that writes over the figures of its hold is charged what it metered', async () => {
  const outcome = await ledger.withHold({ account, max: amount(400), over: 'reject' }, async (hold) => {
    hold.meter(amount(150))
    Object.assign(hold, { metered: amount(1), granted: amount(2) })
    hold.meter(amount(50))
    Object.assign(hold, { metered: amount(1), granted: amount(2) })
  })
  expect(outcome).toMatchObject({ status: 'done', charged: 200, released: 200, uncollected: 0 })
})

describe('while the database is away at the end of the work', () => {
  test('the settle is sent again until it is answered', async () => {
    const running = ledger.withHold({ account, max: amount(400) }, async (hold) => {
      fault = away
      setTimeout(() => {
        fault = undefined
      }, 600)
      return await metering(150)(hold)
    })
    expect(await running).toMatchObject({ status: 'done', value: 'value', charged: 150, uncollected: 0 })
    expect(settles).toBeGreaterThan(1)
    expect(await settledOf()).toBe(850)
  })

  test('until the hold has lapsed: then the value is there, and what to send later, which charges once', async () => {
    const startedAt = performance.now()
    const outcome = await ledger.withHold({ account, max: amount(400), ttlSeconds: 3 }, async (hold) => {
      fault = away
      return await metering(150)(hold)
    })
    expect(performance.now() - startedAt).toBeGreaterThan(2_000)
    expect(performance.now() - startedAt).toBeLessThan(60_000)
    expect(outcome).toMatchObject({ status: 'unsettled', value: 'value', metered: 150, error: away })
    if (outcome.status !== 'unsettled') throw new Error(outcome.status)
    expect(await settledOf()).toBe(1_000)
    fault = undefined
    await sleep(1_100) // by the database's clock, too
    expect(await ledger.settle(outcome.settle)).toMatchObject({ status: 'settled_late', charged: 150 })
    expect(await ledger.settle(outcome.settle)).toMatchObject({ replayed: true })
    expect(await settledOf()).toBe(850)
  })

  test('or until the caller gives up', async () => {
    const stop = new AbortController()
    const startedAt = performance.now()
    const outcome = await ledger.withHold(
      { account, max: amount(400) },
      async (hold) => {
        fault = away
        setTimeout(() => stop.abort(new Error('enough')), 300)
        return await metering(150)(hold)
      },
      { signal: stop.signal },
    )
    expect(outcome).toMatchObject({ status: 'unsettled', value: 'value', error: away })
    expect(performance.now() - startedAt).toBeLessThan(60_000)
  })
})

describe('work that fails while the database is away', () => {
  const failing = (metered: number) => async (hold: LiveHold) => {
    fault = away
    hold.meter(amount(metered))
    throw new TypeError('the provider hung up')
  }
  const errorOf = (running: Promise<unknown>) =>
    running.then(
      () => undefined,
      (error: unknown) => error,
    )

  test('is charged as soon as the database is back, and its error comes through as it is', async () => {
    setTimeout(() => {
      fault = undefined
    }, 600)
    const error = await errorOf(ledger.withHold({ account, max: amount(400) }, failing(150)))
    expect(error).toEqual(new TypeError('the provider hung up'))
    expect(unsettledOf(error)).toBeUndefined()
    expect(await settledOf()).toBe(850)
  })

  test('says what to settle later, which charges once', async () => {
    const input = { account, max: amount(400), ttlSeconds: 3, key: `failed ${account}` }
    const error = await errorOf(ledger.withHold(input, failing(150)))
    expect(error).toMatchObject({
      code: 'E_DATABASE_UNAVAILABLE',
      retryable: false,
      cause: new TypeError('the provider hung up'),
      details: { reason: 'work_unsettled', key: expect.stringMatching(/^[0-9a-f-]{36}:settle$/), metered: 150 },
    })
    const unsettled = unsettledOf(error)
    if (unsettled === undefined) throw new Error('the error does not say what is unsettled')
    expect(unsettled).toMatchObject({
      metered: 150,
      settle: { amount: 150 },
      error: { code: 'E_DATABASE_UNAVAILABLE' },
    })
    expect(await settledOf()).toBe(1_000)
    fault = undefined
    expect(await ledger.settle(unsettled.settle)).toMatchObject({ charged: 150 })
    expect(await ledger.settle(unsettled.settle)).toMatchObject({ replayed: true })
    expect(await settledOf()).toBe(850)
  })

  test('ended by one abort, each run says what is unsettled of it', async () => {
    const stop = new AbortController()
    let begun = 0
    const runs = [10, 20, 30].map((metered) =>
      errorOf(
        ledger.withHold(
          { account, max: amount(100) },
          async (hold) => {
            hold.meter(amount(metered))
            begun++
            await sleep(60_000, undefined, { signal: hold.signal }).catch(() => hold.signal.throwIfAborted())
          },
          { signal: stop.signal },
        ),
      ),
    )
    await expect.poll(() => begun, { timeout: 30_000 }).toBe(3)
    fault = away
    stop.abort(new Error('enough'))
    const errors = await Promise.all(runs)
    expect(errors.map((error) => unsettledOf(error)?.metered)).toEqual([10, 20, 30])
    fault = undefined
    for (const error of errors) {
      const settle = unsettledOf(error)?.settle
      if (settle) await ledger.settle(settle)
    }
    expect(await settledOf()).toBe(940)
  })
})

test('a hold that another caller ended leaves the work its value', async () => {
  const outcome = await ledger.withHold({ account, max: amount(400) }, async (hold) => {
    await ledger.void({ hold: hold.id })
    return await metering(150)(hold)
  })
  expect(outcome).toMatchObject({
    status: 'unsettled',
    value: 'value',
    metered: 150,
    error: { code: 'E_CONFLICT', details: { reason: 'hold_closed' } },
  })
})

test('a key that another caller took, named like those of the run, does not keep it from being charged or given back', async () => {
  const key = `run ${account}`
  for (const end of ['settle', 'void']) await ledger.charge({ account, amount: amount(1), key: `${key}:${end}` })
  expect(await ledger.withHold({ account, max: amount(100), key }, metering(30))).toMatchObject({
    status: 'done',
    charged: 30,
  })
  const failing = ledger.withHold({ account, max: amount(100), key: `${key} again` }, async () => {
    await ledger.charge({ account, amount: amount(1), key: `${key} again:void` })
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await ledger.balance(account)).toMatchObject({ held: 0, available: 967 })
})

test('a fault that will not pass is not waited for', async () => {
  const outcome = await ledger.withHold({ account, max: amount(400) }, async (hold) => {
    fault = new CoreError('E_FORBIDDEN', 'the key was taken away')
    return await metering(150)(hold)
  })
  expect(outcome).toMatchObject({ status: 'unsettled', value: 'value', error: { code: 'E_FORBIDDEN' } })
})

describe('use above the hold', () => {
  test('with reject is charged up to the hold, and the rest is returned as uncollected', async () => {
    const input = { account, max: amount(400), over: 'reject', key: `reject ${account}` } as const
    for (let round = 0; round < 2; round++) {
      expect(await ledger.withHold(input, metering(550))).toMatchObject({ charged: 400, released: 0, uncollected: 150 })
    }
    expect(await settledOf()).toBe(600)
  })

  test('with reject is charged what was set aside on the way, too', async () => {
    const outcome = await ledger.withHold({ account, max: amount(400), over: 'reject' }, async (hold) => {
      expect(await hold.extend(amount(200))).toBe(true)
      return await metering(550)(hold)
    })
    expect(outcome).toMatchObject({ charged: 550, released: 50, uncollected: 0 })
  })

  test('with reject is charged up to the hold when the work fails, too', async () => {
    const failed = ledger.withHold({ account, max: amount(400), over: 'reject' }, async (hold) => {
      hold.meter(amount(550))
      throw new TypeError('the provider hung up')
    })
    await expect(failed).rejects.toThrow('the provider hung up')
    expect(await settledOf()).toBe(600)
  })

  test('with cap is charged as far as credits are there, and the rest is returned as uncollected', async () => {
    await ledger.charge({ account, amount: amount(500) })
    const outcome = await ledger.withHold({ account, max: amount(400), over: 'cap' }, metering(650))
    expect(outcome).toMatchObject({
      charged: 500,
      uncollected: 150,
      settlement: { flags: ['overflow', 'uncollected'] },
    })
    expect(await settledOf()).toBe(0)
  })
})
