import type { JsonInput, MemberClaims } from '@core/database'
import { CoreError, type ErrorCode } from '@core/foundation'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isObject, type LedgerUnderTest, openLedgerUnderTest } from './ledger-under-test.ts'

type Args = Record<string, JsonInput>
/** What is wrong, what comes of it: an error code with its reason (null: any), or the code of a denial. */
type Case = readonly [name: string, wrong: Args, code: ErrorCode | 'denied', reason: string | null]

const MOST = Number.MAX_SAFE_INTEGER
const long = (length: number) => 'x'.repeat(length)
const injection = `x'); delete from core.ledger_account; --`
const unknownHold = '0197c000-0000-7000-8000-000000000000'

const amounts = (field: string, { zero = false } = {}): Case[] => [
  ['negative', { [field]: -1 }, 'E_INVALID', 'invalid_amount'],
  ...(zero ? [] : ([['zero', { [field]: 0 }, 'E_INVALID', 'invalid_amount']] as const)),
  ['a fraction', { [field]: 1.5 }, 'E_INVALID', null],
  ['2^53', { [field]: 2 ** 53 }, 'E_INVALID', 'invalid_amount'],
  ['1e30', { [field]: 1e30 }, 'E_INVALID', null],
  ['a text', { [field]: 'ten' }, 'E_INVALID', null],
  ['not a number', { [field]: Number.NaN }, 'E_INVALID', null],
]
const keys: Case[] = [
  ['no key', { p_key: undefined }, 'E_INVALID', 'missing_argument'],
  ['a null key', { p_key: null }, 'E_INVALID', 'invalid_key'],
  ['an empty key', { p_key: '' }, 'E_INVALID', 'invalid_key'],
  ['a key too long', { p_key: long(201) }, 'E_INVALID', 'invalid_key'],
  ["a key of the ledger's own", { p_key: 'core:expire:1' }, 'E_INVALID', 'invalid_key'],
  ['a key with a NUL', { p_key: 'a\u0000b' }, 'E_INVALID', null],
]
const accounts = (field = 'p_account'): Case[] => [
  ['no account', { [field]: null }, 'E_INVALID', 'invalid_account'],
  ['an empty account', { [field]: '' }, 'E_INVALID', 'invalid_account'],
  ['an account too long', { [field]: long(201) }, 'E_INVALID', 'invalid_account'],
  ['an unknown account', { [field]: 'alpha/ghost' }, 'denied', 'account_not_found'],
  ['an account of the ledger itself', { [field]: 'issuer' }, 'denied', 'account_not_found'],
  ['an account that is SQL', { [field]: injection }, 'denied', 'account_not_found'],
  ['an account in other letters', { [field]: 'アカウント💥' }, 'denied', 'account_not_found'],
]
const metadata: Case[] = [
  ['metadata that is an array', { p_metadata: [] }, 'E_INVALID', 'invalid_object'],
  ['metadata that is a text', { p_metadata: 'text' }, 'E_INVALID', 'invalid_object'],
  ['metadata that is too large', { p_metadata: { text: long(17_000) } }, 'E_TOO_LARGE', 'object_too_large'],
  ['metadata with a NUL', { p_metadata: { text: '\u0000' } }, 'E_INVALID', null],
]
const holds: Case[] = [
  ['an unknown hold', { p_hold: unknownHold }, 'E_NOT_FOUND', 'hold_not_found'],
  ['no hold', { p_hold: null }, 'E_NOT_FOUND', 'hold_not_found'],
  ['a hold that is no uuid', { p_hold: 'hold' }, 'E_INVALID', null],
  ['a hold that is SQL', { p_hold: injection }, 'E_INVALID', null],
]
const ttl: Case[] = [0, -1, 86_401, null].map((value) => [
  `a ttl of ${value}`,
  { p_ttl_s: value },
  'E_INVALID',
  'invalid_ttl',
])
const choices = (field: string, reason: string): Case[] =>
  ['none', '', 'Active', injection].map((value) => [`${field} ${value}`, { [field]: value }, 'E_INVALID', reason])
const pages: Case[] = [0, -1, 1_001, null].map((value) => [
  `a page of ${value}`,
  { p_limit: value },
  'E_INVALID',
  'invalid_limit',
])

/** Every function with arguments it accepts ($hold and $tx are those of the set-up), its scope, its cases. */
const functions: Record<string, { good: Args; scope: string; cases: Case[] }> = {
  ledger_account_open: {
    good: { p_key: 'k', p_account: 'alpha/new', p_kind: 'user' },
    scope: 'ledger:account',
    cases: [
      ...keys,
      ...['', 'Alpha', 'a b', 'a//b', 'a/', '/a', 'a/b/c/d/e', 'ünïcode', injection, long(201), null].map(
        (code): Case => [`the code ${code?.slice(0, 20)}`, { p_account: code }, 'E_INVALID', 'invalid_account'],
      ),
      ['a code that is taken', { p_account: 'alpha/1' }, 'E_CONFLICT', 'account_exists'],
      ['the account of a project, as another kind', { p_account: 'alpha' }, 'E_CONFLICT', 'account_exists'],
      ['the name of a project, as another kind', { p_account: 'gamma' }, 'E_CONFLICT', 'name_taken'],
      ['the code of the issuer', { p_account: 'issuer' }, 'E_CONFLICT', 'account_exists'],
      ['an unknown parent', { p_parent: 'ghost' }, 'denied', 'account_not_found'],
      ['a parent that is the issuer', { p_parent: 'issuer' }, 'denied', 'account_not_found'],
      ['a fifth level', { p_account: 'x', p_parent: 'alpha/1/2/3' }, 'E_INVALID', 'too_deep'],
      ['funding without a parent', { p_account: 'new', p_funding: 'parent' }, 'E_INVALID', 'invalid_funding'],
      ['funding of the parent and overdraft', { p_funding: 'parent', p_overdraft: 1 }, 'E_INVALID', 'invalid_funding'],
      ...amounts('p_overdraft', { zero: true }),
      ['no overdraft', { p_overdraft: null }, 'E_INVALID', 'invalid_amount'],
      ...choices('p_kind', 'invalid_kind'),
      ...choices('p_funding', 'invalid_funding'),
      ['the kind issuer', { p_kind: 'issuer' }, 'E_INVALID', 'invalid_kind'],
      ...metadata,
    ],
  },
  ledger_account_update: {
    good: { p_key: 'k', p_account: 'alpha', p_status: 'frozen' },
    scope: 'ledger:account',
    cases: [
      ...keys,
      ...accounts(),
      ...metadata,
      ...choices('p_status', 'invalid_status'),
      ...amounts('p_overdraft', { zero: true }),
      ['more overdraft than sums can hold', { p_overdraft: MOST }, 'E_INVALID', 'invalid_amount'],
      ['closing an account that has credits', { p_status: 'closed' }, 'E_CONFLICT', 'account_not_empty'],
      ['freezing a closed one', { p_account: 'closed', p_status: 'frozen' }, 'E_CONFLICT', 'account_closed'],
    ],
  },
  ledger_grant: {
    good: { p_key: 'k', p_account: 'alpha', p_amount: 1 },
    scope: 'ledger:grant',
    cases: [
      ...keys,
      ...accounts(),
      ...amounts('p_amount'),
      ['more than sums can hold', { p_amount: MOST }, 'E_INVALID', 'invalid_amount'],
      ...metadata,
      ['a reason too long', { p_reason: long(1_001) }, 'E_INVALID', 'invalid_reason'],
    ],
  },
  ledger_reserve: {
    good: { p_key: 'k', p_account: 'alpha', p_amount: 10 },
    scope: 'ledger:spend',
    cases: [
      ...keys,
      ...accounts(),
      ...amounts('p_amount'),
      ['no amount', { p_amount: null }, 'E_INVALID', 'invalid_amount'],
      ['more than there is', { p_amount: MOST }, 'denied', 'insufficient_credits'],
      ['more than the budget leaves', { p_amount: 6_000 }, 'denied', 'budget_exhausted'],
      ...[0, -1, 11].map((min): Case => [`min ${min}`, { p_min: min }, 'E_INVALID', 'invalid_min']),
      ...ttl,
      ...choices('p_over', 'invalid_over'),
      ...metadata,
      ['a hold that exists', { p_hold: '$hold' }, 'E_CONFLICT', 'hold_exists'],
      ['a hold that is no uuid', { p_hold: 'hold' }, 'E_INVALID', null],
      ['a frozen account', { p_account: 'frozen' }, 'denied', 'account_frozen'],
    ],
  },
  ledger_extend: {
    good: { p_key: 'k', p_hold: '$hold', p_add: 10 },
    scope: 'ledger:spend',
    cases: [
      ...keys,
      ...holds,
      ...amounts('p_add', { zero: true }),
      ...ttl,
      ...[-1, 11].map((min): Case => [`min ${min}`, { p_min: min }, 'E_INVALID', 'invalid_min']),
      ['more than there is', { p_add: MOST }, 'denied', 'insufficient_credits'],
      ['a closed hold', { p_hold: '$closed' }, 'denied', 'hold_closed'],
    ],
  },
  ledger_capture: {
    good: { p_key: 'k', p_hold: '$hold', p_amount: 1 },
    scope: 'ledger:spend',
    cases: [
      ...keys,
      ...holds,
      ...amounts('p_amount'),
      ['more than the hold', { p_amount: 101 }, 'denied', 'over_capture'],
      ['a closed hold', { p_hold: '$closed' }, 'denied', 'hold_closed'],
    ],
  },
  ledger_settle: {
    good: { p_key: 'k', p_hold: '$hold', p_amount: 1 },
    scope: 'ledger:spend',
    cases: [
      ...keys,
      ...holds,
      ...amounts('p_amount', { zero: true }),
      ...metadata,
      ['more than a hold that rejects it', { p_hold: '$strict', p_amount: 11 }, 'denied', 'over_capture'],
      ['a closed hold', { p_hold: '$closed' }, 'denied', 'hold_closed'],
    ],
  },
  ledger_void: {
    good: { p_key: 'k', p_hold: '$hold' },
    scope: 'ledger:spend',
    cases: [
      ...keys,
      ...holds,
      ['a reason too long', { p_reason: long(1_001) }, 'E_INVALID', 'invalid_reason'],
      ['a hold with captures', { p_hold: '$captured' }, 'denied', 'hold_closed'],
      ['a closed hold', { p_hold: '$closed' }, 'denied', 'hold_closed'],
    ],
  },
  ledger_charge: {
    good: { p_key: 'k', p_account: 'alpha', p_amount: 1 },
    scope: 'ledger:spend',
    cases: [
      ...keys,
      ...accounts(),
      ...amounts('p_amount'),
      ...metadata,
      ['more than there is', { p_amount: MOST }, 'denied', 'insufficient_credits'],
    ],
  },
  ledger_transfer: {
    good: { p_key: 'k', p_from: 'alpha', p_to: 'alpha/1', p_amount: 1 },
    scope: 'ledger:spend',
    cases: [
      ...keys,
      ...accounts('p_from'),
      ...accounts('p_to'),
      ...amounts('p_amount'),
      ...choices('p_mode', 'invalid_mode'),
      ['more than there is', { p_amount: MOST }, 'denied', 'insufficient_credits'],
      ['to itself', { p_to: 'alpha' }, 'E_INVALID', 'same_purse'],
      ['to one that draws on it', { p_to: 'alpha/draws' }, 'E_INVALID', 'same_purse'],
      ['to a frozen account', { p_to: 'frozen' }, 'denied', 'account_frozen'],
      ['to one that has received all it can', { p_to: 'full' }, 'E_INVALID', 'invalid_amount'],
    ],
  },
  ledger_refund: {
    good: { p_key: 'k', p_tx: '$tx', p_amount: 1 },
    scope: 'ledger:grant',
    cases: [
      ...keys,
      ...amounts('p_amount'),
      ['more than was charged', { p_amount: 51 }, 'E_CONFLICT', 'over_refund'],
      ['an unknown transaction', { p_tx: MOST }, 'E_NOT_FOUND', 'tx_not_found'],
      ['a negative transaction', { p_tx: -1 }, 'E_NOT_FOUND', 'tx_not_found'],
      ['no transaction', { p_tx: null }, 'E_NOT_FOUND', 'tx_not_found'],
      ['a transaction that charged nothing', { p_tx: '$grant' }, 'E_CONFLICT', 'not_refundable'],
    ],
  },
  ledger_refund_hold: {
    good: { p_key: 'k', p_hold: '$captured', p_amount: 1 },
    scope: 'ledger:grant',
    cases: [
      ...keys,
      ...amounts('p_amount'),
      ...holds,
      ['a hold that was charged nothing', { p_hold: '$hold', p_amount: null }, 'E_CONFLICT', 'over_refund'],
      ['more than was charged', { p_amount: 2 }, 'E_CONFLICT', 'over_refund'],
    ],
  },
  ledger_budget_set: {
    good: { p_key: 'k', p_account: 'alpha', p_name: 'daily', p_period: 'day', p_limit: 9_000 },
    scope: 'ledger:budget',
    cases: [
      ...keys,
      ...accounts(),
      ...amounts('p_limit', { zero: true }),
      ...amounts('p_carry_cap', { zero: true }),
      ...amounts('p_floor', { zero: true }),
      ['more than sums can hold', { p_limit: MOST, p_carry_cap: 1 }, 'E_INVALID', 'invalid_amount'],
      ...['', long(101), null].map(
        (name): Case => [`the name ${name?.slice(0, 9)}`, { p_name: name }, 'E_INVALID', 'invalid_budget'],
      ),
      ...choices('p_period', 'invalid_period'),
      ...['Mars/Olympus', '', null, injection].map(
        (tz): Case => [`the zone ${tz}`, { p_tz: tz }, 'E_INVALID', 'invalid_time_zone'],
      ),
      ...[[0], [100_001], [null], Array.from({ length: 11 }, () => 1), null].map(
        (bp): Case => [`alerts at ${bp}`, { p_alert_bp: bp }, 'E_INVALID', 'invalid_alert'],
      ),
      ['another period', { p_period: 'week' }, 'E_CONFLICT', 'budget_period_fixed'],
      ['another time zone', { p_tz: 'Europe/Berlin' }, 'E_CONFLICT', 'budget_period_fixed'],
    ],
  },
  ledger_rebalance: {
    good: { p_key: 'k', p_parent: 'alpha', p_budget: 'daily' },
    scope: 'ledger:budget',
    cases: [
      ...keys,
      ...accounts('p_parent'),
      ...choices('p_policy', 'invalid_policy'),
      ['no budget', { p_budget: null }, 'E_INVALID', 'invalid_budget'],
    ],
  },
  ledger_balance: {
    good: { p_account: 'alpha' },
    scope: 'ledger:read',
    cases: [...accounts(), ['an instant that is none', { p_at: 'noon' }, 'E_INVALID', null]],
  },
  ledger_accounts: {
    good: { p_parent: 'alpha' },
    scope: 'ledger:read',
    cases: [...accounts('p_parent').slice(1), ...pages],
  },
  ledger_history: {
    good: { p_account: 'alpha' },
    scope: 'ledger:read',
    cases: [
      ...accounts(),
      ...pages,
      ['an unknown filter', { p_filter: { colour: 'red' } }, 'E_INVALID', 'invalid_filter'],
      ['a filter that is no object', { p_filter: [] }, 'E_INVALID', 'invalid_object'],
      ['a filter by no hold', { p_filter: { hold: injection } }, 'E_INVALID', null],
      ['a filter by no time', { p_filter: { since: 'soon' } }, 'E_INVALID', null],
    ],
  },
  ledger_hold_get: { good: { p_hold: '$hold' }, scope: 'ledger:read', cases: holds },
  ledger_holds: {
    good: { p_account: 'alpha' },
    scope: 'ledger:read',
    cases: [...accounts(), ...pages, ['an unknown status', { p_status: injection }, 'E_INVALID', 'invalid_status']],
  },
  ...Object.fromEntries(
    ['ledger_leases', 'ledger_charges', 'ledger_refunds'].map((name) => [
      name,
      { good: { p_account: 'alpha' }, scope: 'ledger:read', cases: [...accounts(), ...pages] },
    ]),
  ),
  ledger_alerts: { good: {}, scope: 'ledger:read', cases: pages },
  ledger_usage: {
    good: { p_account: 'alpha', p_from: '2026-01-01', p_to: '2026-01-02', p_bucket: 'hour' },
    scope: 'ledger:read',
    cases: [
      ...accounts(),
      ...choices('p_bucket', 'invalid_bucket'),
      ...pages,
      ['a range that runs back', { p_to: '2025-01-01' }, 'E_INVALID', 'invalid_range'],
      ['an injection as a time zone', { p_tz: injection }, 'E_INVALID', 'invalid_time_zone'],
      ['an injection as a cursor', { p_after: injection }, 'E_INVALID', null],
    ],
  },
  ledger_audit: { good: { p_account: 'alpha' }, scope: 'ledger:read', cases: accounts().slice(1) },
  ledger_expire_due: {
    good: {},
    scope: 'ledger:operate',
    cases: [0, -1, 10_001, null].map((limit) => [
      `a limit of ${limit}`,
      { p_limit: limit },
      'E_INVALID',
      'invalid_limit',
    ]),
  },
  ledger_rebalance_due: {
    good: {},
    scope: 'ledger:operate',
    cases: [
      ...[0, 10_001, null].map(
        (bp): Case => [`a threshold of ${bp}`, { p_at_bp: bp }, 'E_INVALID', 'invalid_threshold'],
      ),
      ...[0, 1001, null].map(
        (limit): Case => [`a limit of ${limit}`, { p_limit: limit }, 'E_INVALID', 'invalid_limit'],
      ),
    ],
  },
  ledger_seal: {
    good: {},
    scope: 'ledger:operate',
    cases: [0, 100_001, null].map((limit) => [`a limit of ${limit}`, { p_limit: limit }, 'E_INVALID', 'invalid_limit']),
  },
  ledger_publish: {
    good: {},
    scope: 'ledger:operate',
    cases: [0, 100_001, null].map((limit) => [`a limit of ${limit}`, { p_limit: limit }, 'E_INVALID', 'invalid_limit']),
  },
  ledger_verify: {
    good: {},
    scope: 'ledger:operate',
    cases: [['a block that is none', { p_from: 'x' }, 'E_INVALID', null]],
  },
  ledger_stats: {
    good: {},
    scope: 'ledger:operate',
    cases: [['an argument', { p_x: 1 }, 'E_INVALID', 'unknown_argument']],
  },
}

let ledger: LedgerUnderTest
let before: string
const made: Record<string, JsonInput> = {}

beforeAll(async () => {
  ledger = await openLedgerUnderTest('server')
  await ledger.setClock(Date.UTC(2026, 5, 1))
  await ledger.sql(dump)
  for (const p_name of ['alpha', 'beta', 'gamma']) await ledger.database.rpc('project_register', { p_name })
  let count = 0
  const send = async (name: string, args: Args) => {
    const answer = await ledger.database.call(`ledger_${name}`, { p_key: `set-up ${count++}`, ...args })
    expect(answer).toMatchObject({ ok: true })
    return isObject(answer) ? answer : {}
  }
  for (const account of ['alpha', 'beta', 'frozen', 'closed', 'full', 'alpha/1', 'alpha/1/2', 'alpha/1/2/3']) {
    await send('account_open', { p_account: account })
  }
  await send('account_open', { p_account: 'alpha/draws', p_kind: 'user', p_funding: 'parent' })
  made['$grant'] = (await send('grant', { p_account: 'alpha', p_amount: 10_000 }))['tx']
  await send('grant', { p_account: 'full', p_amount: MOST })
  await send('budget_set', { p_account: 'alpha', p_name: 'daily', p_period: 'day', p_limit: 5_000 })
  const reserve = async (over: string) =>
    (await send('reserve', { p_account: 'alpha', p_amount: over === 'reject' ? 10 : 100, p_over: over }))['hold']
  made['$hold'] = await reserve('overflow')
  made['$strict'] = await reserve('reject')
  made['$captured'] = await reserve('overflow')
  made['$closed'] = await reserve('overflow')
  await send('capture', { p_hold: made['$captured'], p_amount: 1 })
  await send('void', { p_hold: made['$closed'] })
  made['$tx'] = (await send('charge', { p_account: 'alpha', p_amount: 50 }))['tx']
  await send('account_update', { p_account: 'frozen', p_status: 'frozen' })
  await send('account_update', { p_account: 'closed', p_status: 'closed' })
})
afterAll(() => ledger[Symbol.asyncDispose]())

/** A digest of everything the ledger has written. */
const dump = `
create function core.test_dump() returns text language plpgsql as $$
declare
  v_table text;
  v_digest text;
  v_all text := '';
begin
  for v_table in select tablename from pg_tables where schemaname = 'core' and (tablename like 'ledger%' or tablename = 'event') order by 1 loop
    execute format('select md5(coalesce(string_agg(t::text, E''\\n'' order by t::text), '''')) from core.%I t', v_table) into v_digest;
    v_all := v_all || v_table || ' ' || v_digest || E'\\n';
  end loop;
  return v_all;
end $$`

async function digest(): Promise<string> {
  return String((await ledger.sql('select core.test_dump() as dump'))[0]?.['dump'])
}

beforeEach(async () => {
  before = await digest()
})
afterEach(async () => {
  expect(await digest()).toBe(before)
  expect(await ledger.database.rpc('ledger_audit', {})).toMatchObject({ clean: true })
})

function withMade(args: Args): Args {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      typeof value === 'string' && value in made ? made[value] : value,
    ]),
  )
}

async function outcomeOf(name: string, args: Args, claims?: MemberClaims) {
  try {
    const answer = await ledger.database.call(name, withMade(args), { claims })
    return isObject(answer) && answer['ok'] === false
      ? { code: 'denied', reason: answer['code'] }
      : { code: 'accepted', answer }
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    expect(error.message).not.toBe('')
    return { code: error.code, reason: error.details['reason'] }
  }
}

describe.each(Object.entries(functions))('%s refuses', (name, { good, scope, cases }) => {
  test('what is wrong with it, with the documented code, and changes nothing', async () => {
    for (const [what, wrong, code, reason] of cases) {
      const outcome = await outcomeOf(name, { ...good, ...wrong })
      expect.soft(outcome, what).toMatchObject(reason === null ? { code } : { code, reason })
    }
  })

  test('a member without the scope, and one of another project', async () => {
    const claims = { role: 'core_member', project: 'alpha', caps: ['project:read'], sub: 'key' } as const
    expect(await outcomeOf(name, good, claims)).toMatchObject({ code: 'E_FORBIDDEN' })
    const foreign = await outcomeOf(name, good, { ...claims, project: 'beta', caps: [scope] })
    // A hold or transaction of others looks like none; what is not of one project is simply not shown.
    const isListing = name === 'ledger_alerts'
    const code = /_(hold|tx)/.test(Object.keys(good).join()) ? 'E_NOT_FOUND' : 'E_FORBIDDEN'
    expect(foreign).toMatchObject(isListing ? { answer: { alerts: [] } } : { code })
  })
})

test('every function of the ledger is here', async () => {
  const rows = await ledger.sql(
    `select proname from pg_proc where pronamespace = 'core_api'::regnamespace and proname like 'ledger%' order by 1`,
  )
  const others = [
    'ledger_batch',
    'ledger_batch_json',
    'ledger_lease_close',
    'ledger_lease_get',
    'ledger_lease_open',
    'ledger_lease_report',
    'ledger_user_ensure',
  ]
  expect(rows.map(({ proname }) => proname)).toEqual([...Object.keys(functions), ...others].sort())
})
