import { randomUUID } from 'node:crypto'
import type { JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { isCoreError } from '@core/foundation'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isObject, stopTheClock } from './ledger-under-test.ts'

/**
 * What a member cannot reach it cannot touch: a refused call changes no row and waits for no lock, whatever ids it names.
 * The functions come from the catalog, so a new one is tried without a line here. All rows of the other project are locked
 * meanwhile: a call that locks one of them fails by its lock timeout.
 */

interface Parameter {
  name: string
  type: string
  optional: boolean
}

let base: TestDatabase
let unlock: () => Promise<unknown>
let before: string
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
    [
      'core.ledger_window',
      `budget_id in (select b.id from core.ledger_budget b join core.ledger_account a on a.id = b.account_id where a.code like 'theirs%')`,
    ],
  ]) {
    await client.query(`select from ${table} where ${where} for update`)
  }
  unlock = () => client.query('commit')
})
afterEach(async () => {
  expect(await readOthers()).toBe(before)
})
afterAll(async () => {
  await unlock()
  expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
  await base.drop()
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
    ledger_budget_set: { p_tz: 'UTC', p_alert_bp: [] },
    ledger_reserve: { p_over: 'cap' },
    ledger_transfer: { p_mode: 'exact' },
    ledger_rebalance: { p_policy: 'fair' },
    ledger_usage: { p_tz: 'UTC', p_after: null },
  }
  const wanted = Object.entries(sense[name] ?? {}).filter(([field]) => field in args)
  return { ...args, ...Object.fromEntries(wanted) }
}

describe.each(['ledger_batch', 'ledger_batch_json'])('in %s', (name) => {
  const operations: Record<string, () => Record<string, JsonInput>> = {
    reserve: () => ({ account: 'theirs', amount: 1 }),
    'reserve beside its hold': () => ({ op: 'reserve', account: 'theirs', amount: 1, hold: theirs.hold }),
    charge: () => ({ account: 'theirs', amount: 1 }),
    settle: () => ({ hold: theirs.hold, amount: 1 }),
    'settle a due hold': () => ({ op: 'settle', hold: theirs.due, amount: 1 }),
    void: () => ({ hold: theirs.due }),
    extend: () => ({ hold: theirs.due, add: 1 }),
    capture: () => ({ hold: theirs.due, amount: 1 }),
    'capture a lease': () => ({ op: 'capture', hold: theirs.lease, amount: 1 }),
    grant: () => ({ account: 'theirs', amount: 1 }),
    refund: () => ({ tx: theirs.tx, amount: 1 }),
    'transfer in': () => ({ op: 'transfer', from: 'theirs', to: 'mine', amount: 1 }),
    'transfer out': () => ({ op: 'transfer', from: 'mine', to: 'theirs', amount: 1 }),
    'an unknown operation': () => ({ op: 'steal', account: 'theirs', hold: theirs.due, tx: theirs.tx }),
    'fields of others': () => ({ op: 'charge', account: 'theirs', amount: 1, hold: theirs.due, tx: theirs.tx }),
  }
  const own = () => ({ op: 'charge', key: randomUUID(), account: 'mine', amount: 1 })
  const foreign = (title: string) => {
    const fields = operations[title]?.() ?? {}
    return { op: title, key: randomUUID(), ...fields }
  }

  describe.each([false, true])('atomic %s', (atomic) => {
    test.each(Object.keys(operations))('%s is refused, among own operations or alone', async (title) => {
      for (const scopes of [[], ['ledger:spend'], ['ledger:spend', 'ledger:grant']]) {
        const alone = [foreign(title)]
        const twice = [foreign(title), foreign(title)]
        const mixed = [own(), foreign(title), own()]
        const other = [{ op: 'capture', key: randomUUID(), hold: mine.hold, amount: 1 }, foreign(title)]
        for (const ops of [alone, twice, mixed, other]) {
          const end = await outcomes(ops, scopes)
          for (const [index, op] of ops.entries()) {
            const fields: Record<string, JsonInput> = op
            if (fields['account'] === 'mine' || fields['hold'] === mine.hold) continue
            expect([...missing, 'invalid_op', 'unknown_field']).toContain(end[index] ?? end[0])
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
