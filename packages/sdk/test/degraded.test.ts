import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declareFlags } from '@core/config/flags'
import { credits } from '@core/ledger'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type CoreOptions, openCore } from '../src/index.ts'
import { type CoreServer, noEnvironment, startCoreServer } from './core-server.ts'
import { type Gate, openGate } from './gate.ts'

/**
 * Each row of the table of what continues without the database. The first kills the server and starts it again; the others
 * close the way to it, where a caller sees the same.
 */

let server: CoreServer
let gate: Gate
let folder: string
beforeAll(async () => {
  server = await startCoreServer()
  gate = await openGate(server.addresses.http)
})
afterAll(async () => {
  await gate?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-sdk-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const declarations = declareFlags({ 'sky.blue': { description: 'Paints the sky', default: false } })
const open = (options: Partial<CoreOptions> = {}, way = server.waysThrough(gate.url).http) =>
  openCore({ ...way, project: 'painter', env: noEnvironment, timeoutMs: 20_000, ...options, declarations })
type OpenCore = Awaited<ReturnType<typeof open>>

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 50 })
const isLive = (core: OpenCore) => until(() => expect(core.status().state).toBe('live'))

interface Outage {
  begin(): Promise<void>
  end(): Promise<void>
}
const kill: Outage = { begin: () => server.rest.halt(), end: () => server.rest.start() }
const closeGate: Outage = { begin: () => gate.close(), end: () => gate.open() }

/** Takes the server away, runs the work without it, and brings it back whatever the work did. */
async function without(core: OpenCore, work: () => Promise<void>, outage = closeGate): Promise<void> {
  await outage.begin()
  try {
    await core.rpc('flag_list', {}).catch(() => undefined) // the first call that fails opens the breaker
    expect(core.status()).toMatchObject({ state: 'degraded', database: 'down' })
    await work()
  } finally {
    await outage.end()
  }
  await isLive(core)
}

async function settled(account: string): Promise<number> {
  const balance = await server.test.database.rpc('ledger_balance', { p_account: account })
  return Number(Object(balance).settled)
}

test('without a lease the ledger fails closed, at once; recovery needs no call', async () => {
  await using core = await open({}, server.ways.http)
  const states: string[] = []
  core.onStatus(({ state }) => states.push(state))
  const work = async () => {
    const startedAt = performance.now()
    for (let call = 0; call < 20; call++) {
      const charge = core.ledger.charge({ account: 'painter', amount: credits(1) })
      await expect(charge).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', details: { sent: false } })
    }
    expect(performance.now() - startedAt).toBeLessThan(60_000) // each would wait ten seconds
    expect(core.status().ledger).toBe('closed')
  }
  await without(core, work, kill)
  expect(states).toEqual(['degraded', 'live'])
  expect(core.status().ledger).toBe('live')
})

test('with a lease charges and holds continue, and are in the books when the database is back', async () => {
  const before = await settled('painter')
  {
    const lease = { account: 'painter', amount: credits(10), file: join(folder, 'lease') }
    await using core = await open({ lease })
    await until(async () => {
      const list = await core.rpc('ledger_balance', { p_account: 'painter' })
      expect(Number(Object(list).held)).toBe(credits(10))
    })
    await without(core, async () => {
      await until(() => expect(core.status().ledger).toBe('lease'))
      const charge = () => core.ledger.charge({ account: 'painter', amount: credits(2), key: `once ${folder}` })
      expect(await charge()).toMatchObject({ status: 'charged', via: 'lease', replayed: false })
      expect(await charge()).toMatchObject({ status: 'charged', via: 'lease', replayed: true })
      const work = await core.ledger.withHold({ account: 'painter', max: credits(3) }, async (hold) => {
        hold.meter(credits(1))
        return 'painted'
      })
      expect(work).toMatchObject({ status: 'done', via: 'lease', value: 'painted', charged: credits(1) })
      const tooMuch = await core.ledger.charge({ account: 'painter', amount: credits(50) })
      expect(tooMuch).toMatchObject({ status: 'lease_exhausted', remaining: credits(7) })
      await expect(core.ledger.reserve({ account: 'painter', amount: credits(1) })).rejects.toThrow()
    })
    // What the lease has charged is not charged by the ledger as well.
    const again = await core.ledger.charge({ account: 'painter', amount: credits(2), key: `once ${folder}` })
    expect(again).toMatchObject({ via: 'lease', replayed: true })
  }
  expect(await settled('painter')).toBe(before - credits(3))
})

test('messages with a key wait on disk, also for the next process, and arrive once and in order', async () => {
  const outbox = { file: join(folder, 'outbox') }
  const keys = Array.from({ length: 30 }, (_, index) => `m${index} ${folder}`)
  {
    const core = await open({ outbox })
    await gate.close()
    try {
      for (const key of keys) {
        expect(await core.coordinator.messages.send('writer', 'note', { key }, { key })).toEqual({ via: 'outbox', key })
      }
      await expect(core.coordinator.messages.send('writer', 'note', {})).rejects.toThrow()
      await expect(core.coordinator.lock('nightly')).rejects.toThrow()
      expect(core.status().outbox.waiting).toBe(30)
      await core.close()
    } finally {
      await gate.open()
    }
  }
  await using core = await open({ outbox })
  await core.flush()
  expect(core.status().outbox.waiting).toBe(0)
  const sent = await server.test.sql("select key from core.message where type = 'note' order by sent_at, id")
  expect(sent.map(({ key }) => key)).toEqual(keys)
})

test('what could not be settled is settled when the database is back', async () => {
  const before = await settled('painter')
  await using core = await open({ outbox: { file: join(folder, 'outbox') } })
  let halted: Promise<void> | undefined
  const outcome = core.ledger.withHold({ account: 'painter', max: credits(2), ttlSeconds: 3 }, async (hold) => {
    hold.meter(credits(0.25))
    halted = gate.close()
    await halted
    return 'painted'
  })
  try {
    expect(await outcome).toMatchObject({ status: 'unsettled', value: 'painted', spooled: true })
    expect(core.status().outbox.waiting).toBe(1)
  } finally {
    await halted
    await gate.open()
  }
  await core.flush()
  expect(await settled('painter')).toBe(before - credits(0.25))
})

test('the cache serves from memory, flags keep their values, embeddings their vectors', async () => {
  await using core = await open()
  await core.rpc('flag_set', { p_name: 'sky.blue', p_value: true, p_project: 'painter' })
  await core.flags.refresh()
  await core.cache.set('sky', 'blue')
  await core.embeddings.embed(['the sky'])
  await without(core, async () => {
    expect(core.flags.get('sky.blue')).toBe(true)
    await until(() => expect(core.status()).toMatchObject({ flags: 'stale', cache: 'local' }))
    expect(await core.cache.get('sky')).toBe('blue')
    expect(await core.cache.getOrSet('sea', () => 'green')).toBe('green')
    expect((await core.embeddings.embed(['the sky'])).vectors[0]).toBeDefined()
    await expect(core.embeddings.space('none').search({ text: 'sky' })).rejects.toThrow()
  })
  await until(() => expect(core.status().flags).toBe('live'))
})

test('a core opens while the database is away, and works when it comes', async () => {
  await gate.close()
  const core = await open()
  try {
    expect(core.status().state).toBe('degraded')
    await expect(open({ require: 'live' })).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
  } finally {
    await gate.open()
  }
  await isLive(core)
  expect(await core.ledger.balance('painter')).toMatchObject({ held: 0 })
  await core.close()
})
