import { join } from 'node:path'
import { createClient } from '@core/api/client'
import { type Database, openDatabase } from '@core/database'
import { startPostgresServer } from '@core/database/testing'
import { retry, systemClock, uuidv7 } from '@core/foundation'
import { credits } from '@core/ledger'
import { forkServer } from '../http/child-server.ts'
import { openPlane, ownerKey, type Plane } from '../http/open-plane.ts'
import { requireOk } from '../ledger/answer.ts'
import { runOn } from '../ledger/platform.ts'
import { type Row, toRow } from '../row.ts'
import { quantile } from '../statistics.ts'
import type { BenchContext, Suite } from '../suite.ts'

/** Callers that each wait for their answer before the next request, as the workers of a project do. */
const allCallers = 16
/** Each caller more is a connection more, which reads the functions it calls first. */
const quickCallers = 2
const project = 'smart_layer'
const poolCredits = credits(1_000_000_000)

/** What an operator plans with: one control plane over REST, on each kind of database, and what its calls leave on the disk. */
export const suite: Suite = {
  async run(context) {
    const unknown = context.only.filter((part) => !Object.hasOwn(parts, part))
    if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there is: ${Object.keys(parts).join(', ')}`)
    const rows: Row[] = []
    for (const [part, measure] of Object.entries(parts)) {
      if (context.only.length === 0 || context.only.includes(part)) rows.push(...(await measure(context)))
    }
    return rows
  },
}

const parts: Readonly<Record<string, (context: BenchContext) => Promise<Row[]>>> = {
  embedded: measureEmbedded,
  server: measureServer,
}

async function measureEmbedded(context: BenchContext): Promise<Row[]> {
  context.progress('embedded')
  const startedAt = performance.now()
  await using plane = await openPlane(context.folder, unlimited)
  const startSeconds = (performance.now() - startedAt) / 1000
  return [
    toRow('embedded: start, migrated already', startSeconds, 's'),
    ...(await measurePlane('embedded', plane, context)).rows,
  ]
}

async function measureServer(context: BenchContext): Promise<Row[]> {
  context.progress('Postgres')
  await using stack = new AsyncDisposableStack()
  const server = await startPostgresServer({ folder: join(context.folder, 'server'), durable: true, migrated: true })
  stack.defer(() => server.stop())
  const database = stack.use(await openDatabase({ driver: 'postgres', url: server.url() }))
  await addProject(database)
  const startedAt = performance.now()
  const child = stack.use(
    await forkServer('./plane-server.ts', {
      CORE_HTTP_PORT: '0',
      CORE_OWNER_KEY: ownerKey,
      CORE_DATABASE_URL: server.url(),
      ...unlimited,
    }),
  )
  const startSeconds = (performance.now() - startedAt) / 1000
  const size = async () => {
    await runOn(server.url(), 'checkpoint')
    return Number((await runOn(server.url(), 'select pg_database_size(current_database()) as bytes'))[0]?.['bytes'])
  }
  const before = await size()
  const plane = { ...child, client: createClient({ url: child.url, key: ownerKey }) }
  const { rows, calls } = await measurePlane('Postgres', plane, context)
  const bytes = (await size()) - before
  const audit = await plane.client.auditLedger()
  if (!audit.clean) throw new Error(`the books are wrong: ${JSON.stringify(audit.violations).slice(0, 500)}`)
  return [
    toRow('Postgres: start, migrated already', startSeconds, 's'),
    ...rows,
    toRow('Postgres: growth of the database by a call that moves credits', bytes / calls, 'bytes'),
  ]
}

/** A project that draws on the pool, as `core init` makes it. */
async function addProject(database: Database): Promise<void> {
  const open = async (account: string, kind: string, parent?: string, funding?: string) =>
    requireOk(
      await database.rpc('ledger_account_open', {
        p_key: `open ${account}`,
        p_account: account,
        p_kind: kind,
        p_parent: parent,
        p_funding: funding,
      }),
    )
  await database.rpc('project_register', { p_name: project })
  await open('pool', 'pool')
  requireOk(await database.rpc('ledger_grant', { p_key: 'grant', p_account: 'pool', p_amount: poolCredits }))
  await open(project, 'project', 'pool', 'parent')
}

const unlimited = { CORE_LIMITS_CREDENTIAL_REQUESTS: '1000000' }

async function measurePlane(
  name: string,
  plane: Plane,
  context: BenchContext,
): Promise<{ rows: Row[]; calls: number }> {
  const [loadSeconds, callers] = context.isQuick ? [0.2, quickCallers] : [20, allCallers]
  const resting = (await plane.memory()).rss
  const latencies: number[] = []
  let isOver = false
  const work = async () => {
    const params = { project }
    while (!isOver) {
      context.signal.throwIfAborted()
      const { hold } = await timed(() =>
        plane.client.reserveHold({ params, body: { account: project, amount: 10 } }, { idempotencyKey: uuidv7() }),
      )
      await timed(() =>
        plane.client.settleHold({ params: { ...params, id: hold }, body: { amount: 5 } }, { idempotencyKey: uuidv7() }),
      )
    }
  }
  async function timed<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    const startedAt = performance.now()
    const answer = await retry(call, { attempts: 20, baseMs: 20, capMs: 500 })
    latencies.push(performance.now() - startedAt)
    return answer
  }
  const startedAt = performance.now()
  const working = Promise.all(Array.from({ length: callers }, work))
  await Promise.race([working, systemClock.sleep(loadSeconds * 1000)])
  isOver = true
  await working
  const seconds = (performance.now() - startedAt) / 1000
  const busy = (await plane.memory()).rss
  return {
    calls: latencies.length,
    rows: [
      toRow(`${name}: memory at rest`, resting / 2 ** 20, 'MB'),
      toRow(`${name}: memory after the load`, busy / 2 ** 20, 'MB'),
      toRow(`${name}: reserve and settle on one account, ${callers} callers`, latencies.length / seconds, 'calls/s'),
      toRow(`${name}: the same, median`, quantile(latencies, 0.5), 'ms'),
      toRow(`${name}: the same, p95`, quantile(latencies, 0.95), 'ms'),
    ],
  }
}
