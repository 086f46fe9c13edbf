import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { cpuOfServer, runSql, startPostgresServer } from '@core/database/testing'
import { expect, test } from 'vitest'

const projects = 1_000
const beatEveryMs = 15_000
const measuredMs = 60_000
/** What a control plane does beside: its loops of the manifest and of health, at their own pace. */
const sweepEveryMs = 5_000

/** Projects with a session, an account and a budget each. Registering them one by one would make a schema for each. */
async function fill(database: Database): Promise<string[]> {
  await runSql(
    database,
    `insert into core.project (name) select 'p' || n from generate_series(1, ${projects}) n;
    insert into core.root_name (name, noun) select name, 'project' from core.project on conflict do nothing;
    do $$ begin
      for n in 1 .. ${projects} loop
        perform core_api.ledger_account_open('open ' || n, 'p' || n);
        perform core_api.ledger_grant('grant ' || n, 'p' || n, 1000000);
        perform core_api.ledger_budget_set('cap ' || n, 'p' || n, 'daily', 'day', 500000);
        perform core_api.session_open('open', encode(sha256(('p' || n)::bytea), 'hex'), p_project => 'p' || n);
      end loop; end $$`,
  )
  // What the filling leaves to do is no part of the figure.
  for (const statement of ['vacuum analyze', 'checkpoint']) await runSql(database, statement)
  const rows = await runSql(database, 'select id from core.session order by substr(project, 2)::int', [])
  return rows.map(({ id }) => String(id))
}

const beat = (database: Database, project: string, session: string) =>
  database.rpc('session_beat', {
    p_session: session,
    p_metrics: { requests: 100, errors: 1, p95_ms: 40, target_p95_ms: 50, backlog: 3 },
    p_project: project,
  })

/** Calls `work` as often as beats are due, for so long; the CPU of the server in per cent of a core. */
async function measure(pid: number, forMs: number, work: (at: number) => Promise<unknown>): Promise<number> {
  const before = cpuOfServer(pid)
  const startedAt = performance.now()
  for (let done = 0; performance.now() - startedAt < forMs; ) {
    const due = Math.floor(((performance.now() - startedAt) * projects) / beatEveryMs)
    await Promise.all(Array.from({ length: due - done }, (_, at) => work((done + at) % projects)))
    done = due
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return (100_000 * (cpuOfServer(pid) - before)) / (performance.now() - startedAt)
}

test('1,000 projects that beat every 15 seconds cost at most 5 % of a core more than calls that do nothing', {
  timeout: 300_000,
}, async () => {
  const server = await startPostgresServer({ folder: await mkdtemp(join(tmpdir(), 'core-beats-')), durable: true })
  try {
    const database = await openDatabase({ driver: 'postgres', url: server.url(), poolSize: 4 })
    await using _closing = { [Symbol.asyncDispose]: () => database.close() }
    await migrateUp({ database })
    const sessions = await fill(database)
    // What a call costs on this machine, whatever it does.
    const base = await measure(server.pid, measuredMs / 3, () => database.rpc('system_info', {}))
    let sweptAt = performance.now()
    const share = await measure(server.pid, measuredMs, async (at) => {
      await beat(database, `p${at + 1}`, sessions[at] ?? '')
      if (performance.now() - sweptAt < sweepEveryMs) return
      sweptAt = performance.now()
      await database.rpc('manifest_sweep', {})
      await database.rpc('health_sample', {})
    })
    process.stdout.write(
      `\nPostgres: beats, sweeps and samples ${share.toFixed(1)} %, calls that do nothing ${base.toFixed(1)} %\n`,
    )
    expect(share - base).toBeLessThan(5)
  } finally {
    await server.stop()
  }
})
