import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openEmbeddedDatabase } from '@core/database/testing'
import { CoreError } from '@core/foundation'
import { describe, expect, test } from 'vitest'
import { createLedger, openLease } from '../src/index.ts'
import { account, balance, base, facts, file, folder, input, of, open, useLeases } from './lease-fixture.ts'

useLeases()

describe('spending', () => {
  test('takes from the lease, reports, and gives the rest back at the end', async () => {
    const lease = await open({ device: 'laptop' })
    expect(lease).toMatchObject({ account, amount: 1_000, remaining: 1_000, spent: 0, state: 'open', resumed: false })
    expect(await balance()).toMatchObject({ held: 1_000, available: 9_000 })
    expect(await lease.spend(of(300))).toEqual({ status: 'spent', replayed: false })
    expect(await lease.spend(of(50), { key: 'job-1', metadata: { model: 'small', tokens: 12 } })).toMatchObject({
      status: 'spent',
    })
    expect(lease).toMatchObject({ remaining: 650, spent: 350, unreported: 350 })
    await lease.report()
    expect(lease.unreported).toBe(0)
    expect(await facts(lease)).toMatchObject({ reported: 350, seq: 1, rest: 650, device: 'laptop' })
    expect(await lease.close()).toEqual({ status: 'closed', reported: 350, released: 650 })
    expect(await balance()).toMatchObject({ settled: 9_650, held: 0, available: 9_650 })
    expect(await readdir(join(folder, 'spends'))).toEqual([])
    const [row] = await base.sql(
      `select request -> 'items' as items from core.ledger_tx where hold = $1 and op = 'lease_report'`,
      [lease.id],
    )
    expect(row?.['items']).toMatchObject([
      { key: 'job-1', amount: 50, metadata: { model: 'small', tokens: 12 } },
      { amount: 300, metadata: { spends: 1 } },
    ])
  })

  test('never takes more than the lease has, however many calls run at the same time', async () => {
    const lease = await open()
    const outcomes = await Promise.all(Array.from({ length: 400 }, () => lease.spend(of(7))))
    expect(outcomes.filter(({ status }) => status === 'spent')).toHaveLength(142)
    expect(outcomes.at(-1)).toEqual({ status: 'lease_exhausted', requested: 7, remaining: 6 })
    expect(await lease.spend(of(6))).toMatchObject({ status: 'spent' })
    expect(lease.remaining).toBe(0)
    expect(lease.spendBuffered(of(1))).toMatchObject({ status: 'lease_exhausted' })
    await lease.close()
    expect(await facts(lease)).toMatchObject({ reported: 1_000, flags: [] })
  })

  test('buffered is on disk after a flush', async () => {
    const lease = await open()
    const before = (await stat(file)).size
    expect(lease.spendBuffered(of(10))).toEqual({ status: 'spent', replayed: false })
    await lease.flush()
    expect((await stat(file)).size).toBeGreaterThan(before)
  })

  test('with a key counts once, also after it was reported and the process restarted', async () => {
    const lease = await open()
    expect(await lease.spend(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: false })
    expect(await lease.spend(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: true })
    expect(lease.spendBuffered(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: true })
    await expect(lease.spend(of(11), { key: 'k' })).rejects.toMatchObject({ code: 'E_IDEMPOTENCY_MISMATCH' })
    await lease.report()
    await lease.detach()
    const again = await open()
    expect(await again.spend(of(10), { key: 'k' })).toEqual({ status: 'spent', replayed: true })
    expect(again).toMatchObject({ resumed: true, id: lease.id, spent: 10 })
  })

  test.each([
    ['nothing', 0, undefined],
    ['less than nothing', -1, undefined],
    ['a fraction', 1.5, undefined],
    ['not a number', Number.NaN, undefined],
    ['with an empty key', 1, { key: '' }],
    ['with a key Postgres cannot store', 1, { key: 'a\0b' }],
    ['with half a character', 1, { metadata: { note: '\ud800' } }],
    ['with a number JSON does not have', 1, { metadata: { note: Number.POSITIVE_INFINITY } }],
    ['with a number that is not exact', 1, { metadata: { note: 2 ** 53 } }],
    ['with a Date for metadata', 1, { metadata: Object(new Date(0)) }],
    ['with a Date in it', 1, { metadata: { note: Object(new Date(0)) } }],
    ['with a list for metadata', 1, { metadata: Object([]) }],
  ])('%s is refused and changes nothing', async (_, amount, spendFacts) => {
    const lease = await open()
    const wrong = { code: 'E_INVALID' }
    await expect(lease.spend(amount as ReturnType<typeof of>, spendFacts)).rejects.toMatchObject(wrong)
    expect(lease.remaining).toBe(1_000)
  })

  test('with too much metadata is refused', async () => {
    const lease = await open({ maxJournalBytes: 40_000 })
    await expect(lease.spend(of(1), { metadata: { note: 'x'.repeat(20_000) } })).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
    })
    const note = 'x'.repeat(15_000)
    await lease.spend(of(1), { metadata: { note } })
    await lease.spend(of(1), { metadata: { note } })
    await expect(lease.spend(of(1), { metadata: { note } })).rejects.toMatchObject({
      code: 'E_LEASE_JOURNAL',
      details: { reason: 'journal_full' },
    })
    await lease.report()
    expect(await lease.spend(of(1), { metadata: { note } })).toMatchObject({ status: 'spent' })
    expect(lease.spent).toBe(3)
  })

  test('keeps metadata as it was at the time, in the journal and in the report', async () => {
    const lease = await open()
    const metadata: Record<string, string> = JSON.parse('{"step":"one","__proto__":"kept"}')
    const first = lease.spend(of(10), { key: 'a', metadata })
    metadata['step'] = 'two'
    await Promise.all([first, lease.spend(of(20), { key: 'b', metadata })])
    metadata['step'] = 'three'
    await lease.detach()
    await (await open()).report()
    const [row] = await base.sql(
      `select request -> 'items' as items from core.ledger_tx where hold = $1 and op = 'lease_report'`,
      [lease.id],
    )
    expect(JSON.stringify(row?.['items'])).toMatch(/"step":\s?"one".*"step":\s?"two"/)
    expect(JSON.stringify(row?.['items']).match(/"__proto__":\s?"kept"/g)).toHaveLength(2)
  })

  test('that was aborted before it began spends nothing', async () => {
    const lease = await open()
    const options = { signal: AbortSignal.abort(new CoreError('E_ABORTED', 'no')) }
    await expect(lease.spend(of(5), {}, options)).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(lease.spent).toBe(0)
    expect(await lease.spend(of(5), {}, { timeoutMs: 5_000 })).toMatchObject({ status: 'spent' })
  })

  test('more than a report holds goes out in several, in order', async () => {
    const lease = await open()
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => lease.spend(of(1), n < 999 ? { key: `k${n}` } : {})))
    await lease.report()
    expect(await facts(lease)).toMatchObject({ reported: 1_000, seq: 2 })
    const rows = await base.sql(
      `select jsonb_array_length(request -> 'items') as items from core.ledger_tx where hold = $1 and op = 'lease_report' order by id`,
      [lease.id],
    )
    expect(rows).toEqual([{ items: 999 }, { items: 1 }])
  })

  test('large metadata goes out in several reports, too', async () => {
    const lease = await open()
    const note = 'é'.repeat(7_000)
    await Promise.all(Array.from({ length: 60 }, () => lease.spend(of(1), { metadata: { note } })))
    await lease.report()
    expect(await facts(lease)).toMatchObject({ reported: 60, seq: 4 })
  })
})

test('on an embedded database is the same', async () => {
  await using database = await openEmbeddedDatabase()
  const embedded = createLedger({ database })
  await database.rpc('ledger_account_open', { p_key: 'open', p_account: 'solo' })
  await embedded.grant({ account: 'solo', amount: of(10_000) })
  const lease = await open({ ledger: embedded, account: 'solo' })
  await lease.spend(of(100), { key: 'k', metadata: { note: 'ü' } })
  await lease.report()
  await lease.spend(of(1))
  expect(await lease.close()).toEqual({ status: 'closed', reported: 101, released: 899 })
  expect(await database.rpc('ledger_audit', {})).toMatchObject({ clean: true })
})

describe('a journal', () => {
  test('torn at its end loses only what was not acknowledged', async () => {
    const lease = await open()
    await lease.spend(of(100))
    await lease.detach()
    const bytes = await readFile(file)
    await writeFile(file, Buffer.concat([bytes, bytes.subarray(0, 50)]))
    const again = await open()
    expect(again).toMatchObject({ id: lease.id, spent: 100, remaining: 900 })
    await again.spend(of(1))
    await again.detach()
    expect(await (await open()).close()).toMatchObject({ reported: 101 })
  })

  test('damaged in its middle is an error that says where, and stays as it is', async () => {
    const lease = await open()
    for (let n = 0; n < 5; n++) await lease.spend(of(10))
    await lease.detach()
    const bytes = await readFile(file)
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200)
    await writeFile(file, bytes)
    await expect(openLease(input())).rejects.toMatchObject({
      code: 'E_LEASE_JOURNAL',
      retryable: false,
      fix: expect.stringContaining('move it aside'),
      details: { reason: 'journal_corrupt', file, offset: expect.any(Number) },
    })
    expect(await readFile(file)).toEqual(bytes)
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200)
    await writeFile(file, bytes)
    expect(await (await open()).close()).toMatchObject({ reported: 50 })
  })

  test('that is some other file is not touched', async () => {
    const other = join(folder, 'package.json')
    await writeFile(other, '{"name": "mine"}')
    await expect(openLease(input({ file: other }))).rejects.toMatchObject({ code: 'E_LEASE_JOURNAL' })
    expect(await readFile(other, 'utf8')).toBe('{"name": "mine"}')
    expect((await readdir(folder)).toSorted()).toEqual(['package.json'])
  })

  test.each([
    ['below a file', () => join(folder, 'plain', 'a.journal'), 'EEXIST'],
    ['that is a folder', () => folder, ''],
  ])('%s is a clear error', async (_, place) => {
    await writeFile(join(folder, 'plain'), '')
    await expect(openLease(input({ file: place() }))).rejects.toMatchObject({
      code: 'E_LEASE_JOURNAL',
      details: { file: place() },
    })
    expect(await balance()).toMatchObject({ held: 0 })
  })
})
