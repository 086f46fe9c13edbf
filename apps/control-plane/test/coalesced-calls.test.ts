import type { Database, JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { CoreError, isCoreError, isObject, uuidv7 } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coalesceLedgerCalls } from '../src/nouns/ledger/coalesced-calls.ts'

type Calls = Pick<Database, 'call'>
type Args = Record<string, JsonInput>
type Outcome = { answer: unknown } | { error: unknown }

/** Two databases alike: one is called one by one, the other all at once. */
let single: TestDatabase
let joined: TestDatabase

const caps = ['ledger:read', 'ledger:spend', 'ledger:grant']
const claimsOf = (requestId: string, more: Partial<MemberClaims> = {}): MemberClaims => ({
  role: 'core_member',
  project: 'mine',
  caps,
  sub: 'key:1',
  requestId,
  ...more,
})
/** The same in both databases. */
const holdOf = (nth: number) => `01990000-0000-7000-8000-${String(nth).padStart(12, '0')}`

beforeAll(async () => {
  ;[single, joined] = await Promise.all([prepare(), prepare()])
})
afterAll(async () => {
  for (const { database, drop } of [single, joined]) {
    expect(await database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
    await drop()
  }
})

async function prepare(): Promise<TestDatabase> {
  const made = await createTestDatabase()
  const { database } = made
  for (const p_name of ['mine', 'theirs']) await database.rpc('project_register', { p_name, p_version: '1' })
  for (const project of ['mine', 'theirs']) {
    await database.rpc('ledger_account_open', { p_key: `open ${project}`, p_account: project })
    await database.rpc('ledger_grant', { p_key: `grant ${project}`, p_account: project, p_amount: 1_000 })
  }
  // An account for each case, so that no case depends on another one's balance.
  for (const [nth, { op }] of cases.entries()) {
    const p_account = `mine/${nth}`
    await database.rpc('ledger_account_open', { p_key: `open ${nth}`, p_account, p_kind: 'user' })
    await database.rpc('ledger_grant', { p_key: `fund ${nth}`, p_account, p_amount: 100 })
    if (!['settle', 'void', 'extend', 'capture'].includes(op)) continue
    await database.rpc('ledger_reserve', { p_key: `hold ${nth}`, p_account, p_amount: 50, p_hold: holdOf(nth) })
  }
  await database.rpc('ledger_reserve', { p_key: 'foreign', p_account: 'theirs', p_amount: 50, p_hold: holdOf(999) })
  return made
}

interface Case {
  readonly what: string
  readonly op: string
  readonly args: (nth: number) => Args
}
const nowhere = '01990000-0000-7000-8000-ffffffffffff'

const cases: readonly Case[] = [
  { what: 'a reserve', op: 'reserve', args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 7, p_hold: holdOf(nth) }) },
  {
    what: 'with every field',
    op: 'reserve',
    args: (nth) => ({
      p_account: `mine/${nth}`,
      p_amount: 200,
      p_min: 5,
      p_hold: holdOf(nth),
      p_ttl_s: 60,
      p_over: 'reject',
      p_metadata: { a: [1, null] },
    }),
  },
  {
    what: 'with fields that are null',
    op: 'reserve',
    args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 7, p_min: null, p_hold: holdOf(nth), p_metadata: {} }),
  },
  { what: 'beyond the balance', op: 'reserve', args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 700 }) },
  { what: 'of no account', op: 'reserve', args: () => ({ p_account: 'mine/none', p_amount: 7 }) },
  { what: 'of a foreign account', op: 'reserve', args: () => ({ p_account: 'theirs', p_amount: 7 }) },
  {
    what: 'with a least above the most',
    op: 'reserve',
    args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 7, p_min: 8 }),
  },
  { what: 'of nothing', op: 'charge', args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 0 }) },
  { what: 'an amount that is none', op: 'charge', args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 'many' }) },
  {
    what: 'a charge',
    op: 'charge',
    args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 7, p_metadata: { user: 'ann' } }),
  },
  { what: 'beyond the balance', op: 'charge', args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 700 }) },
  { what: 'a settle', op: 'settle', args: (nth) => ({ p_hold: holdOf(nth), p_amount: 7, p_metadata: { model: 'm' } }) },
  { what: 'of all', op: 'settle', args: (nth) => ({ p_hold: holdOf(nth), p_amount: null }) },
  { what: 'above the hold', op: 'settle', args: (nth) => ({ p_hold: holdOf(nth), p_amount: 140 }) },
  { what: 'of no hold', op: 'settle', args: () => ({ p_hold: nowhere }) },
  { what: 'of a foreign hold', op: 'settle', args: () => ({ p_hold: holdOf(999) }) },
  { what: 'a hold that is no uuid', op: 'settle', args: () => ({ p_hold: 'hold' }) },
  { what: 'a void', op: 'void', args: (nth) => ({ p_hold: holdOf(nth), p_reason: 'no' }) },
  { what: 'of a foreign hold', op: 'void', args: () => ({ p_hold: holdOf(999) }) },
  { what: 'an extend', op: 'extend', args: (nth) => ({ p_hold: holdOf(nth), p_add: 10, p_min: null, p_ttl_s: 300 }) },
  { what: 'beyond the balance', op: 'extend', args: (nth) => ({ p_hold: holdOf(nth), p_add: 1_000 }) },
  { what: 'a capture', op: 'capture', args: (nth) => ({ p_hold: holdOf(nth), p_amount: 10 }) },
  { what: 'beyond the hold', op: 'capture', args: (nth) => ({ p_hold: holdOf(nth), p_amount: 51 }) },
  { what: 'a grant', op: 'grant', args: (nth) => ({ p_account: `mine/${nth}`, p_amount: 10, p_reason: 'gift' }) },
  { what: 'to a foreign account', op: 'grant', args: () => ({ p_account: 'theirs', p_amount: 10 }) },
  { what: 'a transfer', op: 'transfer', args: (nth) => ({ p_from: `mine/${nth}`, p_to: 'mine/0', p_amount: 10 }) },
  { what: 'to itself', op: 'transfer', args: (nth) => ({ p_from: `mine/${nth}`, p_to: `mine/${nth}`, p_amount: 10 }) },
  { what: 'of a grant', op: 'refund', args: () => ({ p_tx: 1 }) },
  { what: 'of no transaction', op: 'refund', args: () => ({ p_tx: 999_999 }) },
  {
    what: 'with a reserved key',
    op: 'charge',
    args: (nth) => ({ p_key: 'core:x', p_account: `mine/${nth}`, p_amount: 1 }),
  },
]

async function outcomeOf(calls: Calls, { op, args }: Case, nth: number): Promise<Outcome> {
  try {
    const given = { p_key: `case ${nth}`, ...args(nth) }
    return { answer: comparable(await calls.call(`ledger_${op}`, given, { claims: claimsOf(`req_${nth}`) })) }
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    const { code, message, fix, details, retryable } = error
    return { error: { code, message, fix, details, retryable } }
  }
}

/** Without numbers and times, which two databases do not share. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      name === 'tx' || name.endsWith('_at') || name === 'hold' ? typeof field : comparable(field),
    ]),
  )
}

const journal = ({ sql }: TestDatabase) =>
  sql(`select project, key, op, actor, request_id, amount::int as amount, request, flags
       from core.ledger_tx where key like 'case %' order by key`)

describe('calls that are in flight together', () => {
  test('answer, refuse and are journaled as they are alone, each under its own request', async () => {
    let batches = 0
    const counting: Calls = {
      call(name, args, options) {
        if (name === 'ledger_batch_json') batches++
        return joined.database.call(name, args, options)
      },
    }
    const calls = coalesceLedgerCalls(counting)
    const apart: Outcome[] = []
    for (const [nth, each] of cases.entries()) apart.push(await outcomeOf(single.database, each, nth))
    const together = await Promise.all(cases.map((each, nth) => outcomeOf(calls, each, nth)))
    for (const [nth, { op, what }] of cases.entries()) expect.soft(together[nth], `${op} ${what}`).toEqual(apart[nth])
    expect(batches).toBeLessThanOrEqual(2)
    const rows = await journal(joined)
    expect(rows).toEqual(await journal(single))
    for (const { key, request_id, actor } of rows) {
      expect([request_id, actor]).toEqual([String(key).replace('case ', 'req_'), 'key:1'])
    }
    // Once more: replays, all of them.
    const again = await Promise.all(cases.map((each, nth) => outcomeOf(calls, each, nth)))
    for (const [nth, outcome] of again.entries()) {
      if ('answer' in outcome && isObject(outcome.answer) && outcome.answer['ok'] === true) {
        expect(outcome.answer, cases[nth]?.what).toMatchObject({ replayed: true })
      }
    }
  })

  test('the common calls taken together keep their requests, too', async () => {
    const calls = coalesceLedgerCalls(joined.database)
    await Promise.all(
      Array.from({ length: 40 }, (_, nth) =>
        calls.call(
          'ledger_charge',
          { p_key: `many ${nth}`, p_account: 'mine', p_amount: 1 },
          { claims: claimsOf(`req_many_${nth}`) },
        ),
      ),
    )
    const rows = await joined.sql(`select key, request_id from core.ledger_tx where key like 'many %'`)
    expect(rows).toHaveLength(40)
    for (const { key, request_id } of rows) expect(request_id).toBe(`req_${String(key).replace(' ', '_')}`)
  })

  test('of different credentials never share a batch', async () => {
    const seen: unknown[] = []
    const calls = coalesceLedgerCalls({
      async call(_name, args, options) {
        seen.push(options?.claims)
        return { ok: true, results: Array.isArray(args?.['p_ops']) ? args['p_ops'].map(() => ({ ok: true })) : [] }
      },
    })
    const credentials = [
      { sub: 'key:1' },
      { sub: 'key:2' },
      { caps: ['ledger:spend'] },
      { project: 'theirs' },
      { root: true as const },
    ]
    const send = (more: Partial<MemberClaims>) =>
      calls.call('ledger_charge', { p_key: uuidv7() }, { claims: claimsOf(uuidv7(), more) })
    await Promise.all(credentials.flatMap((more) => [send(more), send(more), send(more)]))
    expect(seen).toHaveLength(credentials.length)
    for (const claims of seen)
      expect(claims).toMatchObject({ requestIds: [expect.any(String), expect.any(String), expect.any(String)] })
  })

  test('one that is alone, or that no batch takes, is sent as it is', async () => {
    const seen: string[] = []
    const calls = coalesceLedgerCalls({
      async call(name) {
        seen.push(name)
        return { ok: true }
      },
    })
    await calls.call('ledger_charge', { p_key: 'k' }, { claims: claimsOf('req_1') })
    await Promise.all([
      calls.call('ledger_balance', { p_account: 'mine' }, { claims: claimsOf('req_2') }),
      calls.call('ledger_balance', { p_account: 'mine' }, { claims: claimsOf('req_3') }),
      calls.call('ledger_charge', { p_key: 'k' }, { claims: { role: 'owner', sub: 'owner', requestId: 'req_4' } }),
      calls.call('ledger_charge', { p_key: 'k' }, { claims: { role: 'owner', sub: 'owner', requestId: 'req_5' } }),
    ])
    expect(seen).toEqual(['ledger_charge', 'ledger_balance', 'ledger_balance', 'ledger_charge', 'ledger_charge'])
  })

  test('the abort of one ends only its waiting', async () => {
    const calls = coalesceLedgerCalls(joined.database)
    const gone = new AbortController()
    const charge = (p_key: string, signal?: AbortSignal) =>
      calls.call(
        'ledger_charge',
        { p_key, p_account: 'mine', p_amount: 1 },
        { claims: claimsOf(`req_${p_key}`), ...(signal ? { signal } : {}) },
      )
    const aborted = charge('leaves', gone.signal)
    const others = [charge('stays 1'), charge('stays 2')]
    setImmediate(() => gone.abort())
    await expect(aborted).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(await Promise.all(others)).toMatchObject([{ ok: true }, { ok: true }])
  })

  test('a lock that one of them waits for does not fail the others', async () => {
    const calls = coalesceLedgerCalls(joined.database)
    const blocker = await joined.connect()
    await blocker.query(`begin; select from core.ledger_account where code = 'mine/1' for update`)
    const charge = (p_account: string) =>
      calls.call('ledger_charge', { p_key: uuidv7(), p_account, p_amount: 1 }, { claims: claimsOf(uuidv7()) })
    const blocked = charge('mine/1').catch((error: unknown) => error)
    const free = ['mine/2', 'mine/3', 'mine/4'].map(charge)
    expect(await Promise.all(free)).toMatchObject(free.map(() => ({ ok: true })))
    await blocker.query('rollback')
    const answer = await blocked
    expect(isCoreError(answer) ? answer.retryable : answer).toSatisfy((value) => value === true || isObject(value))
  })
})
