import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { CoreError, uuidv7 } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { HoldCalls } from '../src/hold-calls.ts'
import { createLedger, credits, microCredits, unsettledOf } from '../src/index.ts'
import { openSettleSpool, openSpool, type SpoolEntry } from '../src/spool.ts'
import { withHold } from '../src/with-hold.ts'

const folder = mkdtempSync(join(tmpdir(), 'core-spool-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const newFile = () => join(folder, `${uuidv7()}.spool`)
const away = () => Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away'))

describe('a spool', () => {
  test('delivers what was put, each once, and keeps what the receiver does not take', async () => {
    const file = newFile()
    const taken: SpoolEntry[] = []
    await using spool = await openSpool({ file, send: async (entry) => taken.push(entry) })
    await Promise.all([1, 2, 3].map((nth) => spool.put({ key: `k${nth}`, value: { nth } })))
    await spool.flush()
    expect(taken).toEqual([1, 2, 3].map((nth) => ({ key: `k${nth}`, value: { nth } })))
    expect(spool.pending).toBe(0)
  })

  test('what is pending when it closes is delivered by the next one, and only that', async () => {
    const file = newFile()
    const first = await openSpool({ file, send: ({ key }) => (key === 'taken' ? Promise.resolve() : away()) })
    for (const key of ['taken', 'left 1', 'left 2']) await first.put({ key, value: key })
    await expect.poll(() => first.pending).toBe(2)
    await first.close()
    await expect(first.put({ key: 'late', value: 1 })).rejects.toMatchObject({ code: 'E_CLOSED' })
    const taken: string[] = []
    await using second = await openSpool({ file, send: async ({ key }) => taken.push(key) })
    await second.flush()
    expect(taken).toEqual(['left 1', 'left 2'])
  })

  test('a disk that was full for a moment loses what it could not take, and keeps what comes after that', async () => {
    const file = newFile()
    const first = await openSpool({ file, send: away })
    // More than are sent at once: what comes next waits for its turn.
    const before = Array.from({ length: 9 }, (_, nth) => `before ${nth}`)
    for (const key of before) await first.put({ key, value: 1 })
    const handle = await open(file, 'r')
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const write = vi.spyOn(Object.getPrototypeOf(handle), 'write').mockRejectedValue(full)
    await handle.close()
    try {
      for (const key of ['lost', 'lost too']) {
        const refused = { code: 'E_LEASE_JOURNAL', details: { reason: 'disk_full' } }
        await expect(first.put({ key, value: 2 })).rejects.toMatchObject(refused)
      }
    } finally {
      write.mockRestore()
    }
    await first.put({ key: 'after', value: 3 })
    await first.put({ key: 'later', value: 4 })
    expect(first.pending).toBe(11)
    await first.close()
    const taken: string[] = []
    await using second = await openSpool({ file, send: async ({ key }) => taken.push(key) })
    await second.flush()
    expect(taken).toEqual([...before, 'after', 'later'])
  })

  test('a key is one entry, and no key for two', async () => {
    await using spool = await openSpool({ file: newFile(), send: away })
    await Promise.all([spool.put({ key: 'k', value: { a: 1 } }), spool.put({ key: 'k', value: { a: 1 } })])
    expect(spool.pending).toBe(1)
    await expect(spool.put({ key: 'k', value: { a: 2 } })).rejects.toMatchObject({ details: { reason: 'key_in_use' } })
  })

  test('what waited for its receiver is sent within five seconds of its return', async () => {
    const clock = createFakeClock()
    let isAway = true
    const send = () => (isAway ? away() : Promise.resolve())
    await using spool = await openSpool({ file: newFile(), send, clock })
    for (let nth = 0; nth < 8; nth++) await spool.put({ key: `k${nth}`, value: nth })
    for (let second = 0; second < 300; second++) await clock.advance(1_000)
    isAway = false
    for (let second = 0; second < 5; second++) await clock.advance(1_000)
    await expect.poll(() => spool.pending).toBe(0)
  })

  test('an entry that is refused for good does not hold up the others', async () => {
    const refused: string[] = []
    const send = ({ key }: SpoolEntry) =>
      key === 'bad' ? Promise.reject(new CoreError('E_INVALID', 'no')) : Promise.resolve()
    const onRefused = ({ key }: SpoolEntry) => refused.push(key)
    await using spool = await openSpool({ file: newFile(), concurrency: 1, send, onRefused })
    await Promise.all(['bad', 'good'].map((key) => spool.put({ key, value: null })))
    await spool.flush()
    expect(refused).toEqual(['bad'])
  })

  test.each(['E_CLOSED', 'E_DATABASE_SCHEMA', 'E_UNAUTHENTICATED'] as const)(
    '%s is no fault of an entry: it waits until that is over',
    async (code) => {
      const refused: string[] = []
      const taken: string[] = []
      let failures = 2
      const send = async ({ key }: SpoolEntry) => {
        if (failures-- > 0) throw new CoreError(code, 'not now')
        taken.push(key)
      }
      await using spool = await openSpool({ file: newFile(), send, onRefused: ({ key }) => refused.push(key) })
      await spool.put({ key: 'k', value: null })
      await spool.flush()
      expect([taken, refused]).toEqual([['k'], []])
    },
  )

  test('everything is bounded, and what cannot be stored is refused at the door', async () => {
    await using spool = await openSpool({ file: newFile(), send: away, maxEntries: 1 })
    for (const [key, value] of [
      ['', 1],
      ['k', 'a\u0000'],
      ['k', 'a\ud83d'],
      ['k', Number.NaN],
    ] as const) {
      await expect(spool.put({ key, value })).rejects.toMatchObject({ code: 'E_INVALID' })
    }
    await expect(spool.put({ key: 'k', value: 'x'.repeat(70_000) })).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
    await spool.put({ key: 'k', value: 1 })
    await expect(spool.put({ key: 'l', value: 1 })).rejects.toMatchObject({ details: { reason: 'spool_full' } })
    await expect(spool.flush({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'E_TIMEOUT' })
  })

  test('one process has it open at a time', async () => {
    const file = newFile()
    await using _ = await openSpool({ file, send: away })
    await expect(openSpool({ file, send: away })).rejects.toMatchObject({ details: { reason: 'spool_locked' } })
  })

  test('a torn write at the end is nothing, damage before it is refused', async () => {
    const file = newFile()
    const first = await openSpool({ file, send: away })
    for (const key of ['a', 'b']) await first.put({ key, value: key })
    await first.close()
    const whole = readFileSync(file)
    appendFileSync(file, whole.subarray(0, 15))
    const second = await openSpool({ file, send: away })
    expect(second.pending).toBe(2)
    await second.close()
    const damaged = Buffer.from(whole)
    damaged[damaged.indexOf('"a"')] = 0
    writeFileSync(file, damaged)
    await expect(openSpool({ file, send: away })).rejects.toMatchObject({ details: { reason: 'journal_corrupt' } })
  })

  test('its file does not grow with what it has delivered', async () => {
    const file = newFile()
    await using spool = await openSpool({ file, compactBytes: 2_000, send: async () => undefined })
    for (let nth = 0; nth < 200; nth++) await spool.put({ key: `k${nth}`, value: 'x'.repeat(100) })
    await spool.flush()
    expect(statSync(file).size).toBeLessThan(10_000)
  })

  test('kill -9 loses nothing that was kept, whatever it was doing', async () => {
    const file = newFile()
    const received = join(folder, 'received')
    const kept = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'spool-child.ts'), file, received, `r${round}`],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (text.split('\n').length > 40 * (round + 1)) child.kill('SIGKILL')
      })
      await once(child, 'close')
      for (const line of text.split('\n').slice(0, -1)) if (line.startsWith('kept ')) kept.add(line.slice(5))
    }
    await using spool = await openSpool({ file, send: async ({ key }) => appendFileSync(received, `${key}\n`) })
    await spool.flush()
    expect(kept.size).toBeGreaterThan(60)
    const got = new Set(existsSync(received) ? readFileSync(received, 'utf8').split('\n') : [])
    expect([...kept].filter((key) => !got.has(key))).toEqual([])
  })
})

describe('a spool of settles', () => {
  let base: TestDatabase
  beforeAll(async () => {
    base = await createTestDatabase()
    await base.database.rpc('ledger_account_open', { p_key: '1', p_account: 'a', p_kind: 'pool' })
    await base.database.rpc('ledger_grant', { p_key: '2', p_account: 'a', p_amount: 100_000_000 })
  })
  afterAll(async () => {
    expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
    await base.drop()
  })

  test('takes what withHold could not charge, and charges it once, also sent twice and after a restart', async () => {
    await using ledger = createLedger({ database: base.database })
    const file = newFile()
    let isAway = true
    const calls: HoldCalls = {
      ...ledger,
      settle: (input, options) => (isAway ? away() : ledger.settle(input, options)),
    }
    const gone = new AbortController()
    const run = withHold(
      calls,
      { account: 'a', max: credits(5) },
      async (hold) => {
        hold.meter(credits(2))
        setTimeout(() => gone.abort(), 50)
        throw new Error('the work failed')
      },
      { signal: gone.signal },
    )
    const unsettled = unsettledOf(await run.catch((error: unknown) => error))
    if (unsettled === undefined) throw new Error('the settle arrived')
    const first = await openSettleSpool({ file, ledger: calls })
    await first.keep(unsettled)
    await first.close()
    isAway = false
    // It was sent and its answer lost: the same key again.
    await ledger.settle(unsettled.settle)
    await using second = await openSettleSpool({ file, ledger: calls })
    expect(second.pending).toBe(1)
    await second.flush()
    const rows = await base.sql(`select amount from core.ledger_tx where op = 'settle' and hold = $1`, [unsettled.hold])
    expect(rows.map(({ amount }) => Number(amount))).toEqual([2_000_000])
  })

  test('one whose hold was settled otherwise is refused, and said so', async () => {
    await using ledger = createLedger({ database: base.database })
    const reserved = await ledger.reserve({ account: 'a', amount: credits(1) })
    if (reserved.status !== 'reserved') throw new Error(reserved.status)
    await ledger.settle({ hold: reserved.hold, amount: microCredits(5) })
    const refused: unknown[] = []
    const onRefused = (entry: SpoolEntry, error: unknown) => refused.push([entry.key, error])
    await using spool = await openSettleSpool({ file: newFile(), ledger, onRefused })
    await spool.keep({ settle: { key: 'other', hold: reserved.hold, amount: microCredits(7) } })
    await spool.flush()
    expect(refused).toMatchObject([['other', { code: 'E_CONFLICT', details: { reason: 'hold_closed' } }]])
  })

  test('a hold whose reserve was not answered is given back, also when it arrives after that', async () => {
    await using ledger = createLedger({ database: base.database })
    const file = newFile()
    const [there, late] = [uuidv7(), uuidv7()]
    const reserve = (hold: string) => ledger.reserve({ account: 'a', amount: credits(1), hold })
    await reserve(there)
    const first = await openSettleSpool({ file, ledger: { settle: away, void: away } })
    for (const hold of [there, late]) await first.giveBack({ hold, reason: 'the call was not made' })
    await first.close()
    await using second = await openSettleSpool({ file, ledger })
    const statusOf = async (hold: string) =>
      (await base.sql('select status from core.ledger_hold where id = $1', [hold])).map(({ status }) => status)
    await expect.poll(() => statusOf(there), { timeout: 30_000 }).toEqual(['voided'])
    await expect.poll(() => second.pending, { timeout: 30_000 }).toBe(1) // the database is done before its answer is here
    await reserve(late)
    await expect.poll(() => statusOf(late), { timeout: 30_000 }).toEqual(['voided'])
    await second.flush()
  })

  test('a hold that lapsed before it was given back is charged nothing, and is closed', async () => {
    await using ledger = createLedger({ database: base.database })
    const hold = uuidv7()
    await ledger.reserve({ account: 'a', amount: credits(1), hold, metadata: { floor: 500 } })
    await base.sql("update core.ledger_hold set expires_at = clock_timestamp() - interval '1 hour' where id = $1", [
      hold,
    ])
    await base.database.rpc('ledger_expire_due', {})
    await using spool = await openSettleSpool({ file: newFile(), ledger })
    await spool.giveBack({ hold })
    await spool.flush()
    expect(await base.sql('select status, captured from core.ledger_hold where id = $1', [hold])).toEqual([
      { status: 'settled_late', captured: '0' },
    ])
  })

  test('holds that may still arrive hold up no settle', async () => {
    await using ledger = createLedger({ database: base.database })
    const hold = uuidv7()
    await ledger.reserve({ account: 'a', amount: credits(1), hold })
    // No time passes: none of them is tried again.
    await using spool = await openSettleSpool({ file: newFile(), ledger, clock: createFakeClock() })
    for (let index = 0; index < 20; index++) await spool.giveBack({ hold: uuidv7() })
    await spool.keep({ settle: { hold, amount: microCredits(7), key: `${hold}:settle` } })
    await expect
      .poll(() => base.sql('select status from core.ledger_hold where id = $1', [hold]), { timeout: 30_000 })
      .toEqual([{ status: 'settled' }])
    expect(spool.pending).toBe(20)
  })

  test('a hold that never was is not waited for without end', async () => {
    await using ledger = createLedger({ database: base.database })
    const clock = createFakeClock()
    const refused: unknown[] = []
    await using spool = await openSettleSpool({ file: newFile(), ledger, clock, onRefused: (one) => refused.push(one) })
    await spool.giveBack({ hold: uuidv7() })
    await expect
      .poll(
        async () => {
          await clock.advance(10_000)
          return spool.pending
        },
        { timeout: 30_000 },
      )
      .toBe(0)
    expect(refused).toEqual([])
  })
})
