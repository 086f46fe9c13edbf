import type { Json } from '@core/database'
import { isObject, toAnswer } from './ledger-under-test.ts'
import { createModel } from './model.ts'
import type { LeaseItem, Operation } from './model-state.ts'

/** Raw SQL; rows as pg parses them. */
export type Sql = (text: string, params?: readonly unknown[]) => Promise<Record<string, unknown>[]>

/** Fields of a stored request that the model has no use for. */
const untold = ['metadata', 'reason']

/**
 * Proves that what many callers did at once is what they would have done one after the other: the journal in the order
 * of its ids, run on the model, gives every stored answer and ends in the state that the tables are in. Also that the
 * versions of every purse grow with the ids, without a gap. Returns the differences: none, or the first of each kind.
 */
export async function replayJournal(sql: Sql): Promise<string[]> {
  const faults = await findVersionFaults(sql)
  const model = createModel({ lazyExpiry: false })
  const rows = await sql(
    `select id::text, project, op, key, hold, request, core.ledger_result(t) as result, created_at from core.ledger_tx t order by t.id`,
  )
  for (const { id, project, op, key, hold, request, result, created_at: at } of rows) {
    if (!isObject(request) || !(at instanceof Date)) throw new Error(`not a journal row: ${id}`)
    if (op === 'expire') {
      model.expireHold(String(project), String(hold))
      continue
    }
    const fields = Object.entries(request).filter(([name]) => !untold.includes(name))
    const operation: Operation = { op: String(op), key: String(key), ...toFields(fields) }
    const wanted = model.apply(operation, at.getTime(), {
      tx: Number(id),
      project: String(project),
      hold: hold === null ? undefined : String(hold),
    })
    const stored = toAnswer(toJson(result))
    if (stable(stored) !== stable(wanted)) {
      faults.push(`tx ${id} answered ${stable(stored)}, the model ${stable(wanted)}`)
      break
    }
  }
  const accounts = await sql(
    `select code, total_in::float8, total_out::float8, held::float8, status from core.ledger_account where id >= 100`,
  )
  const holds = await sql(
    `select id::text, amount::float8, captured::float8, released::float8, above::float8,
       uncollected::float8, status from core.ledger_hold`,
  )
  const windows = await sql(
    `select a.code as account, b.name as budget, case when isfinite(w.period_start) then extract(epoch from w.period_start)::float8 * 1000 end as start,
       w.spent::float8, w.held::float8
     from core.ledger_window w join core.ledger_budget b on b.id = w.budget_id join core.ledger_account a on a.id = b.account_id
     where w.spent > 0 or w.held > 0`,
  )
  return [
    ...faults,
    ...differences('accounts', accounts, model.accounts()),
    ...differences('holds', holds, model.holds()),
    ...differences('windows', windows, model.windows()),
  ]
}

/** Every change of a purse has the next version, and a later id. */
async function findVersionFaults(sql: Sql): Promise<string[]> {
  const rows = await sql(
    `with change as (
       select purse_id as account_id, version, id from core.ledger_tx where version > 0
       union select account_id, version, tx_id from core.ledger_entry where version is not null
     ), ordered as (
       select account_id, version, id, lag(version, 1, 0::bigint) over by_id as before,
         count(*) over (partition by account_id) as changes from change window by_id as (partition by account_id order by id)
     )
     select a.code, o.version, o.id from ordered o join core.ledger_account a on a.id = o.account_id
     where o.version <> o.before + 1 or o.changes <> a.version order by o.id limit 3`,
  )
  return rows.map(({ code, version, id }) => `version ${version} of ${code} (tx ${id}) is out of order`)
}

function differences(what: string, found: Record<string, unknown>[], wanted: object[]): string[] {
  const left = new Set(found.map(stable))
  const right = new Set(wanted.map(stable))
  const [extra] = [...left].filter((row) => !right.has(row))
  const [missing] = [...right].filter((row) => !left.has(row))
  return extra || missing ? [`${what}: found ${extra}, the model has ${missing}`] : []
}

/** JSON with sorted names, so that equal things have equal texts. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  )
}

function toFields(fields: [string, Json][]): Record<string, Operation[string]> {
  return Object.fromEntries(
    fields.map(([name, value]): [string, Operation[string]] => {
      if (name === 'items') return [name, toItems(value)]
      if (Array.isArray(value)) return [name, value.map(Number)]
      if (isObject(value) || typeof value === 'boolean')
        throw new Error(`${name} of a request is ${JSON.stringify(value)}`)
      return [name, value]
    }),
  )
}

function toItems(value: Json): LeaseItem[] {
  const items = Array.isArray(value) ? value : []
  return items.map((item) => {
    if (!isObject(item)) throw new Error(`an item of a report is ${JSON.stringify(item)}`)
    return { amount: Number(item['amount']), at: String(item['at']) }
  })
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value))
}
