import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../src/testing/index.ts'

/**
 * A number that readers of JSON take for another one is refused by every function that takes JSON, with its place. The
 * functions are those of the catalog, so that a new one is asked as well.
 */

let on: TestDatabase
beforeAll(async () => {
  on = await createTestDatabase()
  await on.sql(`
    select core_api.project_register('exact');
    select core_api.ledger_account_open('open', 'exact', 'project');
    select core_api.embedding_space_open('exact', 'local', 'none', 3, p_project => 'exact')`)
})
afterAll(() => on.drop())

/** As they are in the text of a value. */
const bad = ['1e400', '-1e400', '9007199254740993', '4503599627370497.5', '1.00000000000000000001', '1e-400']
const good = ['9007199254740991', '-1.5', '0.1', '1e3', '1.50', '4.9e-324', '1234567890.12345']

/** What the other arguments are, by name and then by type, so that only the JSON is wrong. */
const byName: Readonly<Record<string, string>> = {
  p_account: `'exact'`,
  p_kind: `'openai'`,
  p_limit: '10',
  p_model: `'a-model'`,
  p_name: `'exact'`,
  p_namespace: `'exact'`,
  p_project: `'exact'`,
  p_provider: `'openai'`,
  p_space: `'exact'`,
  p_to: `'exact'`,
  p_category: `'tip'`,
  p_token_hash: `repeat('a', 64)`,
  p_targets: `'[{"provider": "openai"}]'`,
}
const byType: Readonly<Record<string, string>> = {
  bigint: '1',
  jsonb: `'{}'`,
  integer: '1',
  text: `'exact'`,
  uuid: `'0197c000-0000-7000-8000-000000000000'`,
  'uuid[]': `'{0197c000-0000-7000-8000-000000000000}'`,
  'bigint[]': `'{1}'`,
}

interface Argument {
  name: string
  type: string
  isOptional: boolean
}

const isJson = ({ type }: Argument) => type === 'jsonb' || type === 'json'

async function listFunctions(): Promise<{ name: string; args: Argument[] }[]> {
  const rows = await on.sql(`
    select p.proname as name, array_agg(a.name order by a.n) as names, array_agg(format_type(a.type, null) order by a.n) as types,
      p.pronargs - p.pronargdefaults as required
    from pg_proc p cross join lateral unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) with ordinality as a (name, type, n)
    where p.pronamespace = 'core_api'::regnamespace
    group by p.oid having bool_or(a.type in ('json'::regtype, 'jsonb'::regtype)) order by 1`)
  return rows.map(({ name, names, types, required }) => ({
    name: String(name),
    args: [...Object(names)].map((arg, at) => ({
      name: arg,
      type: Object(types)[at],
      isOptional: at >= Number(required),
    })),
  }))
}

/** The operations of a batch are refused one by one. */
const charge = (number: string) =>
  `[{"op": "charge", "key": "k", "account": "exact", "amount": 1, "metadata": {"deep": [{"x": ${number}}]}}]`

async function call(name: string, args: readonly Argument[], json: Argument, value: string): Promise<string> {
  const sent = args
    .filter((arg) => arg.name === json.name || !arg.isOptional || arg.name === 'p_project')
    .map((arg) => {
      if (arg.name === json.name) return `${arg.name} => $json$${value}$json$::jsonb`
      return `${arg.name} => ${byName[arg.name] ?? byType[arg.type] ?? 'null'}`
    })
  try {
    const [row] = await on.sql(`select core_api.${name}(${sent.join(', ')})::text as answer`)
    return String(row?.['answer'])
  } catch (error) {
    const { message, code, detail } = Object(error)
    return `${code} ${message} ${detail}`
  }
}

test('every function that takes JSON refuses such a number at any depth, and says where it is', async () => {
  const functions = await listFunctions()
  expect(functions.length).toBeGreaterThan(30)
  const accepted: string[] = []
  for (const { name, args } of functions) {
    for (const json of args.filter(isJson)) {
      const field = json.name.slice(2)
      for (const number of bad) {
        const isBatch = field === 'ops'
        const value = isBatch ? charge(number) : `{"deep": [{"x": ${number}}]}`
        const answer = await call(name, args, json, value)
        const place = isBatch ? 'metadata.deep[0].x' : `${field}.deep[0].x`
        if (!(answer.includes('"unstorable"') && answer.includes(`"${place}"`)))
          accepted.push(`${name} ${value}: ${answer}`)
      }
    }
  }
  expect(accepted).toEqual([])
})

test('what JSON holds exactly is stored as it is', async () => {
  for (const number of good) {
    const [row] = await on.sql(
      `select core_api.flag_set('number', '{"deep": [${number}]}', 'exact') -> 'flag' -> 'value' -> 'deep' ->> 0 as kept`,
    )
    expect(Number(row?.['kept']), number).toBe(Number(number))
  }
})

test('a fraction where a whole number is meant is refused, never rounded', async () => {
  const operation = (fields: string) => `core_api.ledger_batch('[{"key": "k", ${fields}}]')`
  const task = (fields: string) => `core_api.task_enqueue('q', '[{"key": "k", "kind": "k", ${fields}}]', 'exact')`
  const id = '0197c000-0000-7000-8000-000000000000'
  const calls = [
    operation('"op": "charge", "account": "exact", "amount": 1.5'),
    operation('"op": "reserve", "account": "exact", "amount": 2, "min": 1.5'),
    operation('"op": "reserve", "account": "exact", "amount": 1, "ttl_s": 1.5'),
    operation('"op": "refund", "tx": 1.5'),
    ...['priority', 'max_attempts', 'backoff_ms', 'delay_ms'].map((name) => task(`"${name}": 1.5`)),
    `core_api.task_settle('[{"task": "${id}", "fence": 1.5, "outcome": "done"}]', 'exact')`,
    `core_api.task_settle('[{"task": "${id}", "fence": 1, "outcome": "failed", "delay_ms": 1.5}]', 'exact')`,
    `core_api.ledger_lease_report('${id}', 1, '[{"amount": 1.5, "at": "2026-01-01T00:00:00Z"}]')`,
    `core_api.coordinator_poll(p_messages => '{"limit": 1.5}', p_project => 'exact')`,
    `core_api.embedding_upsert('exact', '[{"document": "d", "ordinal": 1.5, "content": ""}]', p_project => 'exact')`,
    `core_api.price_set('openai', 'm', '[{"unit": "input", "nanoUsdPerMillion": 1.5}]')`,
    `core_api.limit_lease('[{"key": "k", "limit": 1.5, "window_ms": 1000, "want": 1, "unspent": []}]', 1000)`,
    `core_api.error_record('[{"fingerprint": "f", "count": 1.5}]')`,
  ]
  for (const text of calls) {
    const answer = await on.sql(`select ${text}::text as answer`).then(
      ([row]) => String(row?.['answer']),
      ({ code, message }) => `${code} ${message}`,
    )
    expect(answer, text).toMatch(/^(PT400|22P02) |"ok": false, "code": "invalid_value"/)
  }
})
