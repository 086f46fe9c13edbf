import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { isCoreError } from '@core/foundation'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isObject, stopTheClock } from './ledger-under-test.ts'

/**
 * What a member cannot reach it cannot touch: a refused call changes no row and takes no lock, whatever ids it names.
 * Functions and the operations of batches come from the catalog, so a new one is tried without a line here. All rows of the
 * other project are locked meanwhile: a call that locks one of them waits, which `pg_locks` shows, and fails by its timeout.
 */

interface Parameter {
  name: string
  type: string
  optional: boolean
}

let base: TestDatabase
let unlock: () => Promise<unknown>
let before: string
let watching: Promise<void>
/** What calls waited for, as another connection saw it. */
const waits: string[] = []
/** How often it has looked, and how many waited at the last look. */
const watched = { looks: 0, waiting: 0 }
/** Ids of the other project, and of the member's own. */
const theirs = { hold: randomUUID(), due: randomUUID(), lease: '', tx: 0 }
const mine = { hold: randomUUID() }

const call = (name: string, args: Record<string, JsonInput>, claims?: MemberClaims) =>
  base.database.call(name, args, claims ? { claims, timeoutMs: 1_000 } : {})

const member = (...caps: string[]): MemberClaims => ({ role: 'core_member', project: 'mine', caps, sub: 'key' })

async function ledger(op: string, args: Record<string, JsonInput>) {
  const answer = await call(`ledger_${op}`, { p_key: randomUUID(), ...args })
  if (!isObject(answer) || answer['ok'] !== true) throw new Error(JSON.stringify(answer))
  return answer
}

/** Every row of every table that is not the member's own. */
async function readOthers(): Promise<string> {
  const tables = await base.sql(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'core' order by 1`,
  )
  const states: string[] = []
  for (const { name } of tables) {
    const [row] = await base.sql(
      `select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as rows from ${name} t
       where to_jsonb(t) ->> 'project' is distinct from 'mine' and t::text not like '%mine%'
         and not coalesce((to_jsonb(t) ->> 'tx_id')::bigint in (select id from core.ledger_tx where project = 'mine'), false)
         and not coalesce((to_jsonb(t) ->> 'budget_id')::bigint in (select b.id from core.ledger_budget b
           join core.ledger_account a on a.id = b.account_id where a.code = 'mine'), false)`,
    )
    states.push(`${name} ${row?.['rows']}`)
  }
  return states.join('\n')
}

beforeAll(async () => {
  base = await createTestDatabase({ poolSize: 4 })
  await base.sql(stopTheClock)
  await base.sql(`update core.test_clock set at = '2026-06-15T12:00:00Z'`)
  for (const name of ['mine', 'theirs']) await call('project_register', { p_name: name, p_version: '1' })
  for (const code of ['mine', 'theirs', 'theirs/child']) {
    await ledger('account_open', { p_account: code })
    await ledger('grant', { p_account: code, p_amount: 1_000_000 })
    await ledger('budget_set', { p_account: code, p_name: 'day', p_period: 'day', p_limit: 900_000 })
  }
  await ledger('reserve', { p_account: 'mine', p_amount: 100, p_hold: mine.hold, p_ttl_s: 86_400 })
  await ledger('reserve', { p_account: 'theirs', p_amount: 100, p_hold: theirs.hold, p_ttl_s: 86_400 })
  await ledger('reserve', { p_account: 'theirs', p_amount: 100, p_hold: theirs.due, p_ttl_s: 1 })
  const lease = await ledger('lease_open', { p_account: 'theirs', p_amount: 100, p_ttl_s: 604_800, p_device: 'd' })
  theirs.lease = String(lease['lease'])
  theirs.tx = Number((await ledger('charge', { p_account: 'theirs', p_amount: 10 }))['tx'])
  // The next day: a hold is due, and a first touch would make a window.
  await base.sql(`update core.test_clock set at = '2026-06-16T11:00:00Z'`)
  before = await readOthers()
  const client = await base.connect()
  await client.query('begin')
  for (const [table, where] of [
    ['core.ledger_account', `code like 'theirs%'`],
    ['core.ledger_hold', `project = 'theirs'`],
    ['core.ledger_lease', `project = 'theirs'`],
    ['core.ledger_tx', `project = 'theirs'`],
    ['core.ledger_alert', `project = 'theirs'`],
    ['core.ledger_budget', `account_id in (select a.id from core.ledger_account a where a.code like 'theirs%')`],
    [
      'core.ledger_window',
      `budget_id in (select b.id from core.ledger_budget b join core.ledger_account a on a.id = b.account_id where a.code like 'theirs%')`,
    ],
    ['core.root_name', `name = 'theirs'`],
  ]) {
    await client.query(`select from ${table} where ${where} for update`)
  }
  const ended = new AbortController()
  watching = watchLocks(await base.connect(), ended.signal)
  unlock = async () => {
    ended.abort()
    await watching
    await client.query('commit')
  }
})
afterEach(async () => {
  expect(await readOthers()).toBe(before)
  expect(waits).toEqual([])
})
afterAll(async () => {
  await unlock()
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
})

/** Notes what others wait for in this database. A wait lasts for the timeout of its call, so that none is missed. */
async function watchLocks(client: pg.Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { rows } = await client.query(
      `select l.locktype, l.mode, left(a.query, 400) as query from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where a.datname = current_database() and not l.granted`,
    )
    for (const { locktype, mode, query } of rows) waits.push(`${locktype} ${mode}: ${query}`)
    watched.waiting = rows.length
    watched.looks += 1
    await setTimeout(25)
  }
}

test('a call that may lock a row of the project is seen to wait', async () => {
  const end = await outcome(
    'ledger_charge',
    { p_key: randomUUID(), p_account: 'theirs', p_amount: 1 },
    { role: 'core_member', project: 'theirs', caps: ['ledger:spend'], sub: 'key' },
  )
  expect(end).toBe('E_TIMEOUT')
  expect(waits.join()).toContain('ledger_charge')
  // The database waits a little longer than its caller: until it has ended, the next look finds it again.
  const { looks } = watched
  await expect.poll(() => watched.looks > looks + 1 && watched.waiting === 0, { timeout: 30_000 }).toBe(true)
  waits.length = 0
})

const named: Record<string, () => JsonInput> = {
  p_account: () => 'theirs',
  p_from: () => 'theirs',
  p_to: () => 'theirs/child',
  p_parent: () => 'theirs',
  p_project: () => 'theirs',
  p_hold: () => theirs.due,
  p_lease: () => theirs.lease,
  p_tx: () => theirs.tx,
  p_key: () => randomUUID(),
  p_period: () => 'day',
  p_budget: () => 'day',
  p_bucket: () => 'day',
  p_from_at: () => '2026-06-15T00:00:00Z',
  p_items: () => [{ amount: 1, at: '2026-06-15T10:00:00Z' }],
}

function toArgument({ name, type }: Parameter): JsonInput {
  const known = named[name]
  if (known && !(name === 'p_from' && type !== 'text') && !(name === 'p_to' && type !== 'text')) return known()
  if (type === 'bigint' || type === 'integer') return 1
  if (type === 'boolean') return false
  if (type === 'uuid') return randomUUID()
  if (type === 'jsonb') return {}
  if (type.endsWith('[]')) return []
  return type === 'timestamp with time zone' ? (name === 'p_to' ? '2026-06-16T00:00:00Z' : '2026-06-15T00:00:00Z') : 'x'
}

/** How a call ended: the code of its refusal, of its denial, or `ok`. */
async function outcome(name: string, args: Record<string, JsonInput>, claims: MemberClaims): Promise<unknown> {
  try {
    const answer = await call(name, args, claims)
    return isObject(answer) && answer['ok'] === false ? answer['code'] : 'ok'
  } catch (error) {
    if (!isCoreError(error)) throw error
    return error.details['reason'] ?? error.code
  }
}

async function functions(): Promise<{ name: string; parameters: Parameter[] }[]> {
  const rows = await base.sql(
    `select p.proname as name, (select jsonb_agg(jsonb_build_object('name', a.name, 'type', format_type(a.type, null),
       'optional', a.ord > p.pronargs - p.pronargdefaults) order by a.ord)
       from unnest(p.proargnames, p.proargtypes::oid[]) with ordinality as a (name, type, ord)) as parameters
     from pg_proc p where p.pronamespace = 'core_api'::regnamespace order by 1`,
  )
  return rows.map(({ name, parameters }) => ({
    name: String(name),
    parameters: (Array.isArray(parameters) ? parameters : []).flatMap((each) =>
      isObject(each)
        ? [{ name: String(each['name']), type: String(each['type']), optional: each['optional'] === true }]
        : [],
    ),
  }))
}

const refusals = ['forbidden_project', 'forbidden_capability', 'forbidden_role', 'forbidden_account']
const missing = [...refusals, 'hold_not_found', 'tx_not_found', 'lease_not_found', 'account_not_found']

describe('every function of the catalog', () => {
  test('refuses a member without any scope, and leaves no trace', async () => {
    const ends: string[] = []
    for (const { name, parameters } of await functions()) {
      if (!name.startsWith('ledger_') || name.startsWith('ledger_batch')) continue
      // All of its parameters, and only those it must have: a default may reach further than what is named.
      for (const given of [parameters, parameters.filter(({ optional }) => !optional)]) {
        const args = Object.fromEntries(given.map((each) => [each.name, toArgument(each)]))
        const end = await outcome(name, withSense(name, args), member())
        if (!missing.includes(String(end))) ends.push(`${name}: ${String(end)}`)
      }
    }
    expect(ends).toEqual([])
  })

  test('finds nothing of another project for a member with every scope of its own', async () => {
    const all = await base.sql(`select array_agg(name) as caps from core.scope`)
    const caps = all[0]?.['caps']
    const scopes = Array.isArray(caps) ? caps.map(String) : []
    const ends: string[] = []
    for (const { name, parameters } of await functions()) {
      const naming = parameters.some(({ name: each }) => /^p_(account|from|to|parent|hold|lease|tx)$/.test(each))
      if (!name.startsWith('ledger_') || !naming) continue
      const args = Object.fromEntries(parameters.map((each) => [each.name, toArgument(each)]))
      const end = await outcome(name, withSense(name, args), member(...scopes))
      if (!missing.includes(String(end))) ends.push(`${name}: ${String(end)}`)
    }
    expect(ends).toEqual([])
  })
})

/** What a function asks for before anything else, so that its refusal is one of reach. */
function withSense(name: string, args: Record<string, JsonInput>): Record<string, JsonInput> {
  const sense: Record<string, Record<string, JsonInput>> = {
    ledger_account_open: { p_account: 'theirs/new', p_kind: 'user', p_funding: 'own', p_overdraft: 0 },
    ledger_account_update: { p_status: 'frozen' },
    ledger_holds: { p_status: 'open' },
    ledger_budget_set: { p_tz: 'UTC', p_alert_bp: [] },
    ledger_reserve: { p_over: 'cap' },
    ledger_transfer: { p_mode: 'exact' },
    ledger_rebalance: { p_policy: 'fair' },
    ledger_usage: { p_tz: 'UTC', p_after: null },
  }
  const wanted = Object.entries(sense[name] ?? {}).filter(([field]) => field in args)
  return { ...args, ...Object.fromEntries(wanted) }
}

/** The operations that a batch may hold, with their fields, as its function lists them. */
async function readOperations(): Promise<{ op: string; fields: string[] }[]> {
  const [row] = await base.sql(`select prosrc from pg_proc where oid = 'core.ledger_apply'::regproc`)
  return [...String(row?.['prosrc']).matchAll(/when '(\w+)' then '\{([\w,]+)\}'/g)].map(([, op = '', fields = '']) => ({
    op,
    fields: fields.split(','),
  }))
}

type Fields = Record<string, JsonInput>
/** What of another project an operation may name, by field, and what of its own. */
const foreignValues: Record<string, () => JsonInput[]> = {
  account: () => ['theirs', 'theirs/child', 'theirs/missing'],
  from: () => ['theirs'],
  to: () => ['theirs', 'theirs/child'],
  hold: () => [theirs.hold, theirs.due, theirs.lease, randomUUID()],
  tx: () => [theirs.tx, 999_999_999],
}
const ownValues: Record<string, () => JsonInput> = { account: () => 'mine', from: () => 'mine', to: () => 'mine' }
/** A reserve chooses the id of its hold. */
const isNamed = (op: string, field: string) => field in foreignValues && !(op === 'reserve' && field === 'hold')

/** An operation for each foreign thing that each of its fields may name, the others being foreign or its caller's own. */
function toForeign({ op, fields }: { op: string; fields: string[] }): Fields[] {
  const naming = fields.filter((field) => isNamed(op, field))
  const plain = Object.fromEntries(
    ['amount', 'add'].filter((field) => fields.includes(field)).map((field): [string, JsonInput] => [field, 1]),
  )
  const foreign = (field: string) => foreignValues[field]?.() ?? []
  const all = Object.fromEntries(naming.map((field): [string, JsonInput] => [field, foreign(field)[0] ?? null]))
  return naming.flatMap((field) =>
    foreign(field).flatMap((value) => {
      const others = naming.filter((each) => each !== field && each in ownValues)
      const own = Object.fromEntries(others.map((each): [string, JsonInput] => [each, ownValues[each]?.() ?? null]))
      return [
        { op, ...plain, ...all, [field]: value },
        ...(others.length > 0 ? [{ op, ...plain, ...own, [field]: value }] : []),
      ]
    }),
  )
}

test('each operation of a batch names something', async () => {
  const operations = await readOperations()
  expect(operations.length).toBeGreaterThanOrEqual(9)
  expect(operations.filter((each) => toForeign(each).length === 0)).toEqual([])
})

describe.each(['ledger_batch', 'ledger_batch_json'])('in %s', (name) => {
  const odd: Fields[] = [
    { op: 'steal', account: 'theirs' },
    { op: 'charge', account: 'theirs', amount: 1, hold: 'due', tx: 1 },
  ]
  const own: Fields[] = [
    { op: 'charge', account: 'mine', amount: 1 },
    { op: 'extend', hold: mine.hold, add: 1 },
    { op: 'capture', hold: mine.hold, amount: 1 },
  ]

  describe.each([false, true])('atomic %s', (atomic) => {
    test('what is foreign is refused, among own operations or alone', async () => {
      const all = [...(await readOperations()).flatMap(toForeign), ...odd.map((op) => ({ ...op, hold: theirs.due }))]
      for (const [place, foreign] of all.entries()) {
        for (const [turn, scopes] of [[], ['ledger:spend'], ['ledger:spend', 'ledger:grant']].entries()) {
          // Each is among each of its caller's own once: with other scopes among another one.
          const among = own[(place + turn) % own.length]
          for (const ops of [[foreign], [foreign, foreign], ...(among ? [[among, foreign]] : [])]) {
            const sent = ops.map((op) => ({ ...op, key: randomUUID() }))
            const end = await outcomes(sent, scopes)
            for (const [index, op] of ops.entries()) {
              if (op !== foreign) continue
              const found = `${JSON.stringify(op)}: ${String(end[index] ?? end[0])}`
              expect(
                [...missing, 'invalid_op', 'unknown_field'].some((code) => found.endsWith(`: ${code}`)),
                found,
              ).toBe(true)
            }
          }
        }
      }
    })

    async function outcomes(ops: Record<string, JsonInput>[], scopes: string[]): Promise<unknown[]> {
      try {
        const answer = await call(name, { p_ops: ops, p_atomic: atomic }, member(...scopes))
        const results = isObject(answer) && Array.isArray(answer['results']) ? answer['results'] : []
        return results.map((result) => (isObject(result) ? (result['ok'] === true ? 'ok' : result['code']) : result))
      } catch (error) {
        if (!isCoreError(error)) throw error
        return [error.details['reason'] ?? error.code]
      }
    }
  })
})
