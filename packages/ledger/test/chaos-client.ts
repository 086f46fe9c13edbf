// One of many callers that share accounts and holds, for tests that break things under them. Run as a process it takes a
// connection string and a name, and prints every definite answer as one line of JSON: what it printed must be true.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, type Json, type JsonInput, openDatabase } from '@core/database'
import { isCoreError } from '@core/foundation'
import { createLedger, type Ledger, microCredits } from '../src/index.ts'
import { runChaosLeases } from './chaos-lease.ts'

/** A definite answer: the journal must say the same of the key. `tx` null: it was denied or refused. */
export interface Ack {
  key: string
  tx: number | null
  /** Whether an earlier attempt ended without an answer, so that it may still have been under way at this one. */
  doubtful: boolean
}

export interface ChaosOptions {
  database: Database
  /** Unique among callers; begins every key. */
  name: string
  signal: AbortSignal
  onAck: (ack: Ack) => void
}

/** Accounts that `openChaosAccounts` opens, on three purses of which one is shared. */
const codes = ['pool', 'pool/a', 'pool/b', 'pool/own', 'solo'] as const

export async function openChaosAccounts(database: Database): Promise<void> {
  const open = (p_account: string, p_funding = 'own') =>
    database.rpc('ledger_account_open', { p_key: p_account, p_account, p_funding })
  for (const code of ['pool', 'pool/own', 'solo']) {
    await open(code)
    await database.rpc('ledger_grant', { p_key: `grant ${code}`, p_account: code, p_amount: 20_000 })
  }
  for (const code of ['pool/a', 'pool/b']) await open(code, 'parent')
  for (const [account, limit] of [
    ['pool', 15_000],
    ['pool/a', 8_000],
    ['pool/b', 4_001],
    ['solo', 5_000],
  ] as const) {
    await database.rpc('ledger_budget_set', {
      p_key: `budget ${account}`,
      p_account: account,
      p_name: 'cap',
      p_period: 'hour',
      p_limit: limit,
    })
  }
}

/** Calls at random until the signal, each until its outcome is known: what fails on the way is sent again with its key. */
export async function runChaosClient({ database, name, signal, onAck }: ChaosOptions): Promise<void> {
  await using ledger = createLedger({ database, timeoutMs: 2_000 })
  const flows = Array.from({ length: 6 }, async (_, flow) => {
    for (let call = 0; !signal.aborted; call++) {
      const key = `${name}.${flow}.${call}`
      const send = planCall(database, ledger, key)
      // The same call twice at once, as an impatient caller would.
      const copies = Math.random() < 0.2 ? 2 : 1
      await Promise.all(Array.from({ length: copies }, () => resolve(send, (tx) => tx, key, signal, onAck)))
    }
  })
  const leases = runChaosLeases({
    database,
    name: `${name}.lease`,
    signal,
    settle: (key, send) => resolve(send, txOf, key, signal, onAck),
  })
  await Promise.all([...flows, leases])
}

/** Sends a call until its outcome is known; null where it was denied or the chaos is over. */
async function resolve<Value>(
  send: () => Promise<Value>,
  toTx: (answer: Value) => number | null,
  key: string,
  signal: AbortSignal,
  onAck: ChaosOptions['onAck'],
): Promise<Value | null> {
  let doubtful = false
  while (!signal.aborted) {
    try {
      const answer = await send()
      onAck({ key, tx: toTx(answer), doubtful })
      return answer
    } catch (error) {
      if (!isCoreError(error)) throw error
      if (error.code === 'E_CONFLICT' || error.code === 'E_NOT_FOUND') {
        onAck({ key, tx: null, doubtful })
        return null
      }
      const isUnknown = error.retryable || error.code === 'E_ABORTED'
      if (!isUnknown) throw error
      doubtful = true
      await sleep(5 + Math.random() * 20)
    }
  }
  return null
}

/** A random call, straight to its function, in a batch, or through the ledger; answers with its transaction. */
function planCall(database: Database, ledger: Ledger, key: string): () => Promise<number | null> {
  const account = pick(codes)
  // Mostly of its project alone: which one is meant of an id that two have, the owner cannot say.
  const hold =
    Math.random() < (account === 'solo' ? 0.1 : 0.9) ? recentHold() : recentHold().replace('-8000-', '-9000-')
  const amount = 1 + Math.floor(Math.random() * 60)
  const ttl = Math.random() < 0.5 ? 1 : 30
  // Now and then less time than it takes: its outcome is then unknown.
  const options = Math.random() < 0.2 ? { timeoutMs: 1 + Math.random() * 15 } : {}
  const rpc = (op: string, args: Record<string, JsonInput>) => async () =>
    txOf(await database.call(`ledger_${op}`, { p_key: key, ...args }, options))
  const batch = (op: Record<string, JsonInput>) => async () => {
    const other = { op: 'charge', key: `${key}.other`, account: pick(codes), amount: 1 }
    const answer = await database.rpc('ledger_batch', { p_ops: [{ ...op, key }, other] }, options)
    return txOf(isResults(answer) ? (answer.results[0] ?? null) : null)
  }
  const outcome = (run: () => Promise<object>) => async () => {
    const answer = await run()
    return 'tx' in answer ? Number(answer.tx) : null
  }
  const credits = microCredits(amount)
  const [from, to] = pick([
    ['pool/a', 'solo'],
    ['solo', 'pool/b'],
    ['pool/own', 'pool'],
    ['pool', 'pool/own'],
  ] as const)
  const over = pick(['overflow', 'cap', 'reject'] as const)
  return pick([
    rpc('reserve', {
      p_account: account,
      p_amount: amount,
      p_hold: hold,
      p_ttl_s: ttl,
      p_over: over,
      p_min: pick([null, 1]),
    }),
    rpc('settle', { p_hold: hold, p_amount: pick([null, 0, amount]) }),
    rpc('charge', { p_account: account, p_amount: amount }),
    rpc('extend', { p_hold: hold, p_add: amount }),
    rpc('capture', { p_hold: hold, p_amount: 1 }),
    rpc('void', { p_hold: hold }),
    batch({ op: 'void', hold }),
    rpc('transfer', { p_from: from, p_to: to, p_amount: amount, p_mode: 'up_to' }),
    rpc('grant', { p_account: account, p_amount: 30 }),
    rpc('rebalance', { p_parent: 'pool', p_budget: 'cap' }),
    rpc('refund', { p_tx: recentTransaction(), p_amount: 1 }),
    batch({ op: 'reserve', account, amount, hold, ttl_s: ttl }),
    batch({ op: 'settle', hold, amount }),
    batch({ op: 'capture', hold, amount: 1 }),
    batch({ op: 'refund', tx: recentTransaction(), amount: 1 }),
    outcome(() => ledger.reserve({ account, amount: credits, key, hold, ttlSeconds: ttl, over }, options)),
    outcome(() => ledger.settle({ hold, amount: credits, key }, options)),
    outcome(() => ledger.charge({ account, amount: credits, key }, options)),
    async () => {
      await database.rpc('ledger_expire_due', { p_limit: 20 }, options)
      return null
    },
  ])
}

/** The last holds that this process knows to be there. */
const known: string[] = []

/** One of the ids in use at this moment, the same for all callers of a machine; or a known one, where calls are slow. */
function recentHold(): string {
  const one = known.at(-1 - Math.floor(Math.random() * 12))
  if (one !== undefined && Math.random() < 0.4) return one
  const number = Math.floor(Date.now() / 50) - Math.floor(Math.random() * 20)
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

/** The last transactions of this process; which of them can be refunded the ledger says. */
const transactions: number[] = [0]
const recentTransaction = () => transactions.at(-1 - Math.floor(Math.random() * 20)) ?? 0

function txOf(answer: Json): number | null {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return null
  if (answer['ok'] !== true) return null
  const { hold } = answer
  if (typeof hold === 'string' && !known.includes(hold)) known.push(hold)
  if (known.length > 100) known.shift()
  const tx = Number(answer['tx'])
  transactions.push(tx)
  if (transactions.length > 100) transactions.shift()
  return tx
}

function isResults(answer: Json): answer is { results: Json[] } {
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer) && Array.isArray(answer['results'])
}

function pick<Value>(values: readonly Value[]): Value {
  const value = values[Math.floor(Math.random() * values.length)]
  if (value === undefined) throw new Error('nothing to pick from')
  return value
}

if (import.meta.main) {
  const [url = '', name = ''] = process.argv.slice(2)
  const database = await openDatabase({ driver: 'postgres', url, poolSize: 4, timeoutMs: 3_000 })
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  const onAck = (ack: Ack) => process.stdout.write(`${JSON.stringify(ack)}\n`)
  await runChaosClient({ database, name, signal: stop.signal, onAck })
  await database.close()
}
