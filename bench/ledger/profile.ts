import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { startPostgresServer } from '@core/database/testing'
import type { BenchContext } from '../suite.ts'
import { resultsOf } from './answer.ts'
import { MAX_BATCH, openHolds, reserveOperation, settleOperation, toBatches } from './operations.ts'
import { prepareDatabase, runOn, settings } from './platform.ts'

/** Statements below this share of a batch are counted together. */
const LEAST_SHARE = 0.01

const counting = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  'pg_stat_statements.max': '1000',
}

/**
 * Where the time of a batch goes, statement by statement, in milliseconds per batch of 1,000. On a server of its own,
 * because counting costs time. What remains is the function's own code: the loop, arrays, and the answer's text.
 */
export async function profileBatches(context: BenchContext): Promise<void> {
  context.progress('profiling ledger_batch')
  const server = await startPostgresServer({
    folder: join(context.folder, 'profile'),
    durable: true,
    settings: { ...settings, ...counting },
  })
  try {
    await runOn(server.url(), 'create extension pg_stat_statements')
    await using database = await openDatabase({ driver: 'postgres', url: server.url() })
    await prepareDatabase(database)
    for (const op of ['reserve', 'settle'] as const) {
      const spent = await profile(op, database, server.url(), context.isQuick ? 2 : 30)
      context.describe(`server: a ledger_batch of 1,000 ${op}s, ms by statement`, spent)
    }
    await database.close()
  } finally {
    await server.stop()
  }
}

async function profile(
  op: 'reserve' | 'settle',
  database: Database,
  url: string,
  batches: number,
): Promise<Record<string, number>> {
  const holds = op === 'settle' ? await openHolds(database, (batches + 1) * MAX_BATCH) : []
  const make = (index: number) => (op === 'settle' ? settleOperation(holds[index] ?? '') : reserveOperation())
  const [first = [], ...others] = toBatches((batches + 1) * MAX_BATCH, MAX_BATCH, make)
  resultsOf(await database.rpc('ledger_batch_json', { p_ops: first })) // plans and caches are made here
  await runOn(url, 'select pg_stat_statements_reset()')
  for (const batch of others) resultsOf(await database.rpc('ledger_batch_json', { p_ops: batch }))
  const counted = await runOn(
    url,
    `select query, toplevel, total_exec_time as ms from pg_stat_statements
     where query !~ 'pg_stat_statements' order by total_exec_time desc`,
  )
  const total = sum(counted.filter((row) => row['toplevel'] === true)) / batches
  const nested = counted
    .filter((row) => row['toplevel'] === false)
    .map((row) => ({ text: shorten(String(row['query'])), ms: Number(row['ms']) / batches }))
  const large = nested.filter(({ ms }) => ms >= total * LEAST_SHARE)
  const small = nested.filter(({ ms }) => ms < total * LEAST_SHARE)
  const inStatements = nested.reduce((all, { ms }) => all + ms, 0)
  return Object.fromEntries([
    ['all of it', round(total)],
    ["the function's own code", round(total - inStatements)],
    ...large.map(({ text, ms }) => [text, round(ms)]),
    [`${small.length} smaller statements`, round(small.reduce((all, { ms }) => all + ms, 0))],
  ])
}

function sum(rows: readonly Record<string, unknown>[]): number {
  return rows.reduce((all, row) => all + Number(row['ms']), 0)
}

function shorten(query: string): string {
  const text = query.replaceAll(/\s+/g, ' ').trim()
  return text.length > 90 ? `${text.slice(0, 89)}…` : text
}

function round(ms: number): number {
  return Number(ms.toFixed(2))
}
