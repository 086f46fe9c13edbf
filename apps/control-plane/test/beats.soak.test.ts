import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { generateApiKey } from '@core/api'
import { type Database, openDatabase } from '@core/database'
import { cpuOfServer, runSql, startPostgresServer } from '@core/database/testing'
import { expect, test } from 'vitest'
import { startProgram } from './start-program.ts'

const projects = 1_000
const beatEveryMs = 15_000
const idleMs = 30_000
const measuredMs = 60_000

/** A project as one process sees it: its own key and its own connection, which it keeps. */
interface Member {
  readonly path: string
  readonly key: string
  readonly agent: Agent
}

/** Projects with a session and a key each. Registering them one by one would make a schema for each. */
async function fill(database: Database): Promise<Member[]> {
  await runSql(
    database,
    `insert into core.project (name) select 'p' || n from generate_series(1, ${projects}) n;
    insert into core.root_name (name, noun) select name, 'project' from core.project on conflict do nothing;
    do $$ begin
      for n in 1 .. ${projects} loop
        perform core_api.session_open('open', encode(sha256(('p' || n)::bytea), 'hex'), p_ttl_s => 600, p_project => 'p' || n);
      end loop; end $$`,
  )
  const sessions = await runSql(database, 'select id, project from core.session', [])
  const members = await Promise.all(
    sessions.map(async ({ id, project }) => {
      const { secret, hash, hint } = generateApiKey()
      await database.rpc('key_create', { p_key: 'beats', p_hash: hash, p_hint: hint, p_project: String(project) })
      return {
        path: `/v1/projects/current/sessions/${id}/beat`,
        key: secret,
        agent: new Agent({ keepAlive: true, maxSockets: 1 }),
      }
    }),
  )
  // What the filling leaves to do is no part of the figure.
  for (const statement of ['vacuum analyze', 'checkpoint']) await runSql(database, statement)
  return members
}

const body = JSON.stringify({ metrics: { requests: 100, errors: 1, p95Ms: 40, targetP95Ms: 50, backlog: 3 } })

function beat(url: string, { path, key, agent }: Member): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const sent = request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
    response.resume()
    response.on('error', reject)
    response.on('end', () => resolve(response.statusCode ?? 0))
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

/** Beats as they are due for so long, those of all projects spread evenly; resolves with the answers by status. */
async function keepBeating(url: string, members: readonly Member[], forMs: number): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {}
  const sent: Promise<void>[] = []
  const startedAt = performance.now()
  for (let done = 0; performance.now() - startedAt < forMs; await pause(20)) {
    const due = Math.floor(((performance.now() - startedAt) * projects) / beatEveryMs)
    for (; done < due; done++) {
      const member = members[done % projects]
      if (member === undefined) continue
      sent.push(
        beat(url, member).then((status) => {
          statuses[status] = (statuses[status] ?? 0) + 1
        }),
      )
    }
  }
  await Promise.all(sent)
  return statuses
}

test('1,000 projects that beat at a control plane every 15 seconds cost a few per cent of a core', {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'core-beats-'))
  const server = await startPostgresServer({
    folder: await mkdtemp(join(tmpdir(), 'core-beats-')),
    durable: true,
    migrated: true,
  })
  const database = await openDatabase({ driver: 'postgres', url: server.url(), poolSize: 4 })
  let members: readonly Member[] = []
  const { url, child } = await startProgram(folder, {
    CORE_OWNER_KEY: 'owner-key-of-the-beats-0123456789',
    CORE_DATABASE_URL: server.url(),
  })
  /** Per cent of a core. */
  async function measure<Result>(work: () => Promise<Result>) {
    const used = () => [cpuOfServer(child.pid ?? 0), cpuOfServer(server.pid)]
    const [before, startedAt] = [used(), performance.now()]
    const result = await work()
    const ms = performance.now() - startedAt
    const [plane = 0, postgres = 0] = used().map((cpu, at) => (100_000 * (cpu - (before[at] ?? 0))) / ms)
    return { plane, postgres, result }
  }
  try {
    members = await fill(database)
    // Before, not between: after a pause of 30 s every key would be looked up again.
    const idle = await measure(() => pause(idleMs))
    // Each key is looked up, each connection opened, and what runs often is compiled.
    await keepBeating(url, members, 2 * beatEveryMs)
    const beating = await measure(() => keepBeating(url, members, measuredMs))
    const share = beating.plane + beating.postgres - idle.plane - idle.postgres
    const shown = ({ plane, postgres }: { plane: number; postgres: number }) =>
      `control plane ${plane.toFixed(1)} %, Postgres ${postgres.toFixed(1)} %`
    process.stdout.write(
      `\nbeats: ${shown(beating)}; idle: ${shown(idle)}; the beats alone ${share.toFixed(1)} % of a core\n`,
    )
    // A plane that waits for its turn on a busy machine sheds requests, and the next beat comes in time.
    const { 200: kept = 0, 503: shed = 0, ...others } = beating.result
    expect(others).toEqual({})
    expect(shed).toBeLessThan(kept / 10)
    expect(share).toBeLessThan(20)
  } finally {
    child.kill('SIGKILL')
    for (const { agent } of members) agent.destroy()
    await database.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
