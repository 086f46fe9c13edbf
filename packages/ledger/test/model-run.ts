import { randomUUID } from 'node:crypto'
import type { Json } from '@core/database'
import { untilFinal } from '@core/database/testing'
import fc from 'fast-check'
import { expect } from 'vitest'
import { callLedger, isObject, type LedgerUnderTest, toAnswer } from './ledger-under-test.ts'
import { createModel, type Model } from './model.ts'
import type { Answer, Operation } from './model-state.ts'
import { type Plan, toOperation } from './plan.ts'
import { anyPlan } from './plan-lives.ts'

let prefixes = 0

/** Around changes of the clocks, at night, and on a plain day. */
const starts = ['2026-10-24T21:30:00Z', '2026-03-28T22:30:00Z', '2026-03-08T04:30:00Z', '2026-06-15T12:00:00Z']

/** What operations of batches came to, so that a soak can demand the rare ones. */
export const rare = ['denied', 'replayed', 'uncollected', 'late', 'extended across a turn'] as const
export type Occurrences = Map<string, number>

function countOccurrences(occurrences: Occurrences, { op }: Operation, answer: Json | undefined): void {
  if (!isObject(answer)) return
  const { ok, replayed, uncollected, flags, granted, budgets } = answer
  const names = (Array.isArray(budgets) ? budgets : []).map(
    (each) => isObject(each) && `${each['account']} ${each['budget']}`,
  )
  const found = {
    operations: true,
    denied: ok === false && answer['error'] === undefined,
    replayed: replayed === true,
    uncollected: Number(uncollected ?? 0) > 0,
    late: Array.isArray(flags) && flags.includes('late'),
    'extended across a turn': op === 'extend' && Number(granted ?? 0) > 0 && new Set(names).size < names.length,
  }
  for (const [name, isSo] of Object.entries(found)) if (isSo) occurrences.set(name, (occurrences.get(name) ?? 0) + 1)
}

/**
 * Random calls on the ledger and on the model, answers compared at each, the whole state every few. They end with `signal`,
 * that of the test: calls after its time would change the books under the next one.
 */
export async function checkAgainstModel(
  ledger: LedgerUnderTest,
  {
    runs,
    calls,
    signal,
    batched,
    ...how
  }: { runs: number; calls: number; signal?: AbortSignal; batched?: Occurrences } & (
    | { carry: boolean }
    | { plans: fc.Arbitrary<Plan> }
  ),
): Promise<void> {
  const plans = 'plans' in how ? how.plans : anyPlan(how.carry)
  const commands = fc.commands([plans.map(toCommand)], { maxCommands: calls, size: 'max' })
  await fc.assert(
    fc.asyncProperty(commands, fc.constantFrom(...starts), (steps, from) =>
      fc.asyncModelRun(() => setUp(ledger, Date.parse(from), signal, batched), steps),
    ),
    { numRuns: runs, endOnFailure: true },
  )
}

interface Run {
  ledger: LedgerUnderTest
  signal: AbortSignal | undefined
  prefix: string
  now: number
  /** Swapped when an atomic batch is accepted. */
  model: Model
  /** What was sent, with what came back. */
  sent: { operation: Operation; raw: Json | undefined }[]
  alertsBefore: number
  batched: Occurrences
}

/** A step of a script: a wait in milliseconds, or a call; holds have names of the script's own. */
export type Step = number | { op: string; [field: string]: Operation[string] }

/** What a batch does not take. */
const unbatched = new Set([
  'account_open',
  'account_update',
  'budget_set',
  'rebalance',
  'lease_open',
  'lease_report',
  'lease_close',
])

/** By which `toOperation` takes the last charge for a `tx`, and `batch` sends nothing again. */
const pickOfLastCharge = 16

/** A script on the ledger and on the model, call by call or as a batch from wait to wait; answers and state compared. */
export async function followScript(
  ledger: LedgerUnderTest,
  steps: readonly Step[],
  how: 'alone' | 'batched',
): Promise<void> {
  const { real: run } = await setUp(ledger, Date.parse('2026-06-15T12:00:00Z'))
  const names = new Map<unknown, string>()
  let calls: { operation: Omit<Operation, 'key'>; pick: number }[] = []
  const flush = async () => {
    if (how === 'batched') await batch(run, { do: 'batch', calls, atomic: false })
    else for (const each of calls) await call(run, { do: 'call', ...each })
    calls = []
    await look(run)
  }
  for (const step of steps) {
    if (typeof step === 'number') {
      await flush()
      run.now += step
      await ledger.setClock(run.now)
    } else if (step['hold'] === undefined)
      calls.push({ operation: step, pick: step['tx'] === undefined ? 0 : pickOfLastCharge })
    else {
      const hold = names.get(step['hold']) ?? randomUUID()
      names.set(step['hold'], hold)
      calls.push({ operation: { ...step, hold }, pick: 0 })
    }
    const isBatchable = typeof step === 'number' || !unbatched.has(step.op)
    if (isBatchable) continue
    const last = calls.pop()
    await flush()
    if (last) await call(run, { do: 'call', ...last })
  }
  await flush()
}

async function setUp(
  ledger: LedgerUnderTest,
  now: number,
  signal?: AbortSignal,
  batched: Occurrences = new Map(),
): Promise<{ model: { run: Run }; real: Run }> {
  const rows = await ledger.sql('select coalesce(max(id), 0) as last from core.ledger_alert')
  const run: Run = {
    ledger,
    signal,
    prefix: `r${++prefixes}`,
    now,
    model: createModel(),
    sent: [],
    alertsBefore: Number(rows[0]?.['last']),
    batched,
  }
  await ledger.setClock(now)
  const openings = [
    { op: 'account_open', account: 'pool', kind: 'pool', debt_limit: 150 },
    { op: 'grant', account: 'pool', amount: 1_500 },
    { op: 'account_open', account: 'alpha', parent: 'pool', funding: 'parent' },
    { op: 'account_open', account: 'alpha/kid', kind: 'user' },
    { op: 'account_open', account: 'beta', parent: 'pool' },
    { op: 'grant', account: 'beta', amount: 400 },
    { op: 'account_open', account: 'solo', overdraft: 100 },
    { op: 'budget_set', account: 'alpha', name: 'cap', period: 'day', tz: 'Europe/Berlin', limit: 600 },
    { op: 'budget_set', account: 'beta', name: 'cap', period: 'day', tz: 'Europe/Berlin', limit: 301, floor: 100 },
    { op: 'budget_set', account: 'pool', name: 'other', period: 'week', limit: 1_200 },
  ]
  for (const operation of openings) await call(run, { do: 'call', operation, pick: 0 })
  return { model: { run }, real: run }
}

function toCommand(plan: Plan): fc.AsyncCommand<{ run: Run }, Run> {
  return {
    check: () => true,
    toString: () => JSON.stringify(plan),
    async run(model, run) {
      run.signal?.throwIfAborted()
      if (plan.do === 'several') for (const each of plan.plans) await toCommand(each).run(model, run)
      else if (plan.do === 'call') await call(run, plan)
      else if (plan.do === 'batch') await batch(run, plan)
      else if (plan.do === 'again') await again(run, plan)
      else if (plan.do === 'wait') {
        run.now += plan.ms
        await run.ledger.setClock(run.now)
      } else if (plan.do === 'sweep') await run.ledger.database.rpc('ledger_expire_due', {})
      else await look(run)
    },
  }
}

async function call(run: Run, plan: Extract<Plan, { do: 'call' }>): Promise<void> {
  const operation = toOperation(plan, { ...run, key: `k${run.sent.length}` })
  const { answer, raw } = await callLedger(run.ledger, operation)
  run.sent.push({ operation, raw })
  expect(answer).toEqual(expected(run.model, operation, run.now, raw))
}

/** What the model answers, in the order in which the database sorts. */
function expected(model: Model, operation: Operation, now: number, raw: Json | undefined): Answer {
  return model.apply(operation, now, idsOf(raw))
}

function idsOf(raw: Json | undefined) {
  if (!isObject(raw)) return {}
  const { tx, hold = raw['lease'] } = raw
  return { tx: typeof tx === 'number' ? tx : undefined, hold: typeof hold === 'string' ? hold : undefined }
}

async function batch(run: Run, { calls, atomic }: Extract<Plan, { do: 'batch' }>): Promise<void> {
  const operations = calls.map((plan, index) => {
    // Now and then one that was accepted, again.
    const earlier = plan.pick % 9 === 8 ? run.sent.at(-1 - (plan.pick % run.sent.length)) : undefined
    const isKnown =
      earlier && !unbatched.has(earlier.operation.op) && isObject(earlier.raw) && earlier.raw['ok'] === true
    return isKnown ? earlier.operation : toOperation(plan, { ...run, key: `k${run.sent.length}.${index}` })
  })
  const answer = await run.ledger.database.rpc('ledger_batch', { p_ops: operations, p_atomic: atomic })
  const results = isObject(answer) && Array.isArray(answer['results']) ? answer['results'] : []
  const copy = atomic ? run.model.fork() : run.model
  const wanted = operations.map((operation, index) => expected(copy, operation, run.now, results[index]))
  const isAccepted = !atomic || wanted.every(({ ok }) => ok === true)
  expect(isObject(answer) && answer['ok']).toBe(isAccepted)
  expect(results.map(toAnswer)).toEqual(
    wanted.map((result) =>
      isAccepted || result['ok'] !== true || result['replayed'] ? result : { ok: false, code: 'not_applied' },
    ),
  )
  for (const [index, operation] of operations.entries()) countOccurrences(run.batched, operation, results[index])
  if (!isAccepted) return
  run.model = copy
  for (const [index, operation] of operations.entries()) run.sent.push({ operation, raw: results[index] })
}

/** Sends an earlier call again, as it was or with another amount. */
async function again(run: Run, { pick, other }: Extract<Plan, { do: 'again' }>): Promise<void> {
  const earlier = run.sent[pick % run.sent.length]
  if (!earlier) return
  const { operation } = earlier
  if (operation['dry_run']) return // it is not remembered
  const changed = other ? withAnother(operation) : {}
  const { answer, raw } = await callLedger(run.ledger, { ...operation, ...changed })
  expect(answer).toEqual(expected(run.model, { ...operation, ...changed }, run.now, raw))
  if (isObject(raw) && raw['replayed']) {
    // It may have been denied at first, and accepted when it was sent again.
    const first = run.sent.find(
      (each) => each.operation.key === operation.key && isObject(each.raw) && each.raw['ok'] === true,
    )
    expect(raw).toEqual({ ...(isObject(first?.raw) && first.raw), replayed: true })
  } else run.sent.push({ operation: { ...operation, ...changed }, raw })
}

/** Another amount, or one spend more. */
function withAnother({ amount, items }: Operation): Partial<Operation> {
  if (typeof amount === 'number') return { amount: amount + 1 }
  const more = { amount: 1, at: '2026-06-15T10:00:00Z' }
  return Array.isArray(items) ? { items: [...items.filter((item) => typeof item !== 'number'), more] } : {}
}

/** Compares the whole state: balances, holds, alerts; and audits. */
async function look(run: Run): Promise<void> {
  for (const code of [...run.model.accounts().map((account) => account.code), `${run.prefix}ghost`]) {
    const answer = await run.ledger.database.rpc('ledger_balance', { p_account: code })
    expect(toAnswer(answer)).toEqual(run.model.balance(code, run.now))
  }
  const holds = await run.ledger.sql(
    `select id, amount, captured, released, above, uncollected, status from core.ledger_hold where project like $1`,
    [`${run.prefix}%`],
  )
  const plain = holds.map(({ amount, captured, released, above, uncollected, ...rest }) => ({
    ...rest,
    amount: Number(amount),
    captured: Number(captured),
    released: Number(released),
    above: Number(above),
    uncollected: Number(uncollected),
  }))
  expect(new Set(plain)).toEqual(new Set(run.model.holds()))
  for (const { id } of run.model.leases()) {
    const facts = await run.ledger.database.rpc('ledger_lease_get', { p_lease: id })
    expect(toAnswer(facts)).toEqual(run.model.lease(id, run.now))
  }
  if (run.ledger.server) await untilFinal(run.ledger.server) // alerts are listed when they are final
  const alerts = await run.ledger.database.rpc('ledger_alerts', { p_after: run.alertsBefore, p_limit: 1_000 })
  const listed = toAnswer(alerts)['alerts']
  expect(new Set(Array.isArray(listed) ? listed : [])).toEqual(new Set(run.model.alerts()))
  const audit = await run.ledger.database.rpc('ledger_audit', {})
  expect(isObject(audit) && audit['violations']).toEqual([])
}
