import { randomUUID } from 'node:crypto'
import type { Database, Json, JsonInput, MemberClaims } from '@core/database'
import { createTestDatabase, openEmbeddedDatabase, runSql, type TestDatabase } from '@core/database/testing'
import { CoreError, isCoreError } from '@core/foundation'
import type { Answer, Operation } from './model-state.ts'

export type Engine = 'server' | 'embedded'

export interface LedgerUnderTest extends AsyncDisposable {
  readonly database: Database
  /** For further connections; the embedded engine has only one. */
  readonly server: TestDatabase | undefined
  /** Raw SQL; rows as texts. */
  sql(text: string, params?: readonly (string | null)[]): Promise<Record<string, string | null>[]>
  /** Sets the ledger's clock, in milliseconds since the epoch; it does not move until it is set again. */
  setClock(at: number): Promise<void>
}

/** A migrated database whose ledger runs by a clock of the test's. */
export async function openLedgerUnderTest(engine: Engine): Promise<LedgerUnderTest> {
  const server = engine === 'server' ? await createTestDatabase() : undefined
  const database = server?.database ?? (await openEmbeddedDatabase())
  const sql: LedgerUnderTest['sql'] = (text, params = []) => runSql(database, text, params)
  await runSql(database, stopTheClock)
  return {
    database,
    server,
    sql,
    setClock: async (at) => {
      await sql('update core.test_clock set at = to_timestamp($1::numeric / 1000)', [String(at)])
    },
    [Symbol.asyncDispose]: () => (server ? server.drop() : database.close()),
  }
}

/**
 * The functions as they are, but for the place where they look at the clock: waiting for a day to end, or for the
 * clocks to change in Berlin, is not for a test.
 */
export const stopTheClock = `
create table core.test_clock (at timestamptz not null);
insert into core.test_clock values (now());
create function core.test_now() returns timestamptz language sql volatile set search_path = pg_catalog, pg_temp as 'select at from core.test_clock';
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace) and p.proname like 'ledger%'
      and p.prosrc like '%clock_timestamp()%'
  loop
    execute replace(pg_get_functiondef(v_function), 'clock_timestamp()', 'core.test_now()');
  end loop;
end
$$`

/** Runs one operation through its own function and says what it answered in the model's terms. */
export async function callLedger(
  { database }: Pick<LedgerUnderTest, 'database'>,
  { op, ...fields }: Operation,
  claims?: MemberClaims,
): Promise<{ answer: Answer; raw: Json | undefined }> {
  const args = Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => name !== 'key' || op !== 'lease_report') // its number is its key
      .map(([name, value]): [string, JsonInput] => [`p_${name}`, value]),
  )
  try {
    const raw = await database.call(`ledger_${op}`, args, { claims })
    return { answer: toAnswer(raw), raw }
  } catch (error) {
    return { answer: toRefusal(error), raw: undefined }
  }
}

/** Calls a function of the ledger with a new key; a denial is an answer, a refusal throws. */
export async function callWithNewKey(
  { database }: Pick<LedgerUnderTest, 'database'>,
  op: string,
  args: Record<string, JsonInput>,
  claims?: MemberClaims,
): Promise<{ [key: string]: Json }> {
  const answer = await database.call(`ledger_${op}`, { p_key: randomUUID(), ...args }, { claims })
  if (!isObject(answer)) throw new Error(JSON.stringify(answer))
  return answer
}

function toRefusal(error: unknown): Answer {
  if (!isCoreError(error) || typeof error.details['reason'] !== 'string') throw error
  const { reason, fields } = error.details
  return { refused: reason, ...(fields === undefined ? {} : { fields }) }
}

/** Ids and times that the model cannot know; `status` and the like stay. */
const unknowable = new Set(['tx', 'etag', 'at', 'created_at', 'metadata', 'version', 'refunds', 'id'])
const instants = new Set(['expires_at', 'period_start', 'resets_at', 'opened_at', 'returns_at', 'closed_at'])

/** An answer of the database in the model's terms: misuse inside a batch as it is alone, instants as milliseconds. */
export function toAnswer(raw: Json): Answer {
  if (!isObject(raw)) throw new CoreError('E_INTERNAL', `not an answer: ${JSON.stringify(raw)}`)
  if (isObject(raw['error'])) {
    const details = raw['error']['details']
    const fields = isObject(details) ? details['fields'] : undefined
    return { refused: raw['code'], ...(fields === undefined ? {} : { fields }) }
  }
  return simplify(raw)
}

function simplify(raw: { [key: string]: Json }): Answer {
  const known = Object.entries(raw).filter(([name]) => !unknowable.has(name))
  return Object.fromEntries(
    known.map(([name, value]): [string, unknown] => {
      if (instants.has(name)) return [name, typeof value === 'string' ? Date.parse(value) : null]
      if (Array.isArray(value)) return [name, value.map((item) => (isObject(item) ? simplify(item) : item))]
      return [name, isObject(value) ? simplify(value) : value]
    }),
  )
}

export function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
