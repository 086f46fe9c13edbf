import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isCoreError } from '@core/foundation'
import { credits } from '@core/ledger'
import { expect, vi } from 'vitest'
import { type Core, openCore } from '../src/index.ts'
import { type CoreServer, noEnvironment } from './core-server.ts'
import { openGate } from './gate.ts'

export interface Outages {
  readonly rounds: number
  readonly awayMs: number
  /** Between two of them. */
  readonly backMs: number
}

const price = credits(0.01)

/**
 * Takes the database away again and again while a program charges and sends: afterwards each charge is in the books once,
 * each message has arrived once and in order, nothing is held, and the status was right within two seconds each time.
 */
export async function survivesOutages(server: CoreServer, way: keyof CoreServer['ways'], outages: Outages) {
  const folder = await mkdtemp(join(tmpdir(), 'core-outages-'))
  await using gate = await openGate(server.addresses[way])
  const account = 'painter'
  const type = `outage.${way}`
  const before = await settled(server, account)
  const stopping = new AbortController()
  const core = await openCore({
    ...server.waysThrough(gate.url)[way],
    project: account,
    env: noEnvironment,
    timeoutMs: 20_000,
    lease: { account, amount: credits(20), file: join(folder, 'lease') },
    outbox: { file: join(folder, 'outbox') },
  })
  try {
    await becomes(core, 'live')
    const charging = Array.from({ length: 4 }, (_, worker) => charge(core, `${way} ${worker}`, stopping.signal))
    const sending = send(core, type, stopping.signal)
    for (let round = 0; round < outages.rounds; round++) {
      await sleep(outages.backMs)
      await gate.close()
      await becomes(core, 'degraded')
      await sleep(outages.awayMs)
      await gate.open()
      await becomes(core, 'live')
    }
    stopping.abort()
    const charges = (await Promise.all(charging)).reduce((sum, count) => sum + count, 0)
    const messages = await sending
    await core.flush()
    expect(core.status()).toMatchObject({ state: 'live', outbox: { waiting: 0 } })
    await core.close()
    expect(charges).toBeGreaterThan(outages.rounds)
    expect(await settled(server, account)).toBe(before - charges * price)
    const arrived = await server.test.sql(`select key from core.message where type = '${type}' order by sent_at, id`)
    expect(arrived.map(({ key }) => key)).toEqual(messages)
    expect(await server.test.database.rpc('ledger_balance', { p_account: account })).toMatchObject({ held: 0 })
    expect(await server.test.database.rpc('ledger_audit', {})).toMatchObject({ ok: true })
    return { charges, messages: messages.length }
  } finally {
    stopping.abort()
    await core.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** `status` is right soon, without a call. */
const becomes = (core: Core, state: 'live' | 'degraded') =>
  vi.waitFor(() => expect(core.status().state).toBe(state), { timeout: 30_000, interval: 20 })

async function settled({ test }: CoreServer, account: string): Promise<number> {
  return Number(Object(await test.database.rpc('ledger_balance', { p_account: account })).settled)
}

/** Charges one key after the other, each until it is answered; how many were charged. */
async function charge(core: Core, name: string, signal: AbortSignal): Promise<number> {
  let charged = 0
  for (let n = 0; !signal.aborted; n++) {
    const outcome = await untilAnswered(() =>
      core.ledger.charge({ account: 'painter', amount: price, key: `${name} ${n}` }),
    )
    if (outcome.status === 'charged') charged += 1
    await sleep(10)
  }
  return charged
}

async function send(core: Core, type: string, signal: AbortSignal): Promise<string[]> {
  const keys: string[] = []
  for (let n = 0; !signal.aborted; n++) {
    const key = `${type} ${n}`
    await untilAnswered(() => core.coordinator.messages.send('writer', type, { n }, { key }))
    keys.push(key)
    await sleep(10)
  }
  return keys
}

async function untilAnswered<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isCoreError(error) || !error.retryable) throw error
      await sleep(50)
    }
  }
}
