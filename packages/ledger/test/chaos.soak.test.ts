import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { type PostgresServer, startPostgresServer } from '@core/database/testing'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type Ack, openChaosAccounts } from './chaos-client.ts'
import { checkChaos } from './check-chaos.ts'
import { crashServer, waysToCrash } from './crash-server.ts'

const RUN_MS = Number(process.env['CORE_TEST_CHAOS_MS'] ?? 75_000)
/** A busy machine gets longer to come to enough of them. */
const BUSY_MS = Math.max(RUN_MS, 300_000)
const CLIENTS = 4
/** What the server has answered must be there when it is back. */
const CRASH_EVERY_MS = 12_000
const everything = [
  ...['reserve', 'extend', 'capture', 'settle', 'void', 'expire', 'charge', 'refund', 'transfer', 'grant'],
  ...['rebalance', 'lease_open', 'lease_report', 'lease_close'],
]

test(
  'killed callers, crashed servers, cut connections: what was answered is true, the rest happened or did not',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'core-chaos-'))
    const settings = { logging_collector: 'on', log_directory: 'log' }
    const server = await startPostgresServer({ folder, durable: true, settings })
    try {
      await prepare(server)
      const acks: Ack[] = []
      const crowd = createCrowd(server, (ack) => acks.push(ack))
      const end = Date.now() + RUN_MS
      const isOver = () => Date.now() > end && (acks.length > 1_500 || Date.now() > end + BUSY_MS)
      let crashAt = Date.now() + CRASH_EVERY_MS
      let crashes = 0
      while (!isOver()) {
        await sleep(100)
        const chance = Math.random()
        if (chance < 0.04) crowd.killOne()
        else if (chance < 0.25) await cutOne(server)
        if (Date.now() < crashAt) continue
        await crashServer(server, waysToCrash[crashes % waysToCrash.length] ?? 'SIGQUIT to the server')
        crashAt = Date.now() + CRASH_EVERY_MS
        crashes++
      }
      const kills = await crowd.stop()
      const client = new pg.Client({ connectionString: server.url('ledger') })
      client.on('error', () => undefined) // when a check fails, the server stops before the client
      await client.connect()
      const sql = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows
      const counts = await checkChaos(sql, acks)
      console.log(`${counts.accepted} accepted, ${counts.denied} denied; ${kills} callers killed, ${crashes} crashes`)
      const ops = (await sql('select distinct op from core.ledger_tx')).map(({ op }) => op)
      expect(ops).toEqual(expect.arrayContaining(everything))
      await client.end()
      // Not its counters: a crash forgets them.
      expect(await findDeadlocks(join(folder, 'data', 'log'))).toEqual([])
      expect(counts.accepted).toBeGreaterThan(300)
      expect(Math.min(kills, crashes)).toBeGreaterThan(2)
    } finally {
      await server.stop()
    }
  },
  RUN_MS + BUSY_MS + 300_000,
)

async function prepare(server: PostgresServer): Promise<void> {
  const admin = new pg.Client({ connectionString: server.url() })
  await admin.connect()
  await admin.query('create database ledger')
  await admin.end()
  await using database = await openDatabase({ driver: 'postgres', url: server.url('ledger') })
  await migrateUp({ database })
  await openChaosAccounts(database)
}

/** Every deadlock in the server's log, with who waited for what. */
async function findDeadlocks(folder: string): Promise<string[]> {
  const files = await readdir(folder)
  const logs = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
  return logs.flatMap((log) =>
    log.split(/^(?=\d{4}-)/m).filter((_, index, all) => all[index - 1]?.includes('deadlock')),
  )
}

/** Ends or cancels a client's statement. A busy machine may take seconds to let another one in. */
async function cutOne(server: PostgresServer): Promise<void> {
  const limits = { connectionTimeoutMillis: 30_000, query_timeout: 30_000 }
  const admin = new pg.Client({ connectionString: server.url('ledger'), ...limits })
  admin.on('error', () => undefined)
  const how = Math.random() < 0.5 ? 'pg_terminate_backend' : 'pg_cancel_backend'
  try {
    await admin.connect()
    await admin.query(
      `select ${how}(pid) from (select pid from pg_stat_activity where application_name = 'core' order by random() limit 1) p`,
    )
  } finally {
    await admin.end().catch(() => undefined)
  }
}

/** Callers in processes of their own; one that was killed is replaced. */
function createCrowd(server: PostgresServer, onAck: (ack: Ack) => void) {
  const members = new Set<{ child: ChildProcess; done: Promise<void> }>()
  let started = 0
  let kills = 0
  let stopping = false

  function startOne(): void {
    const file = fileURLToPath(new URL('./chaos-client.ts', import.meta.url))
    const url = new URL(server.url('ledger'))
    // One of them in a hurry: its statements are cut off wherever they are.
    if (started % CLIENTS === 0) url.searchParams.set('options', '-c statement_timeout=50')
    const child = spawn(process.execPath, [file, url.href, `c${started++}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    // The last line of a killed one may be cut short.
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      if (line.endsWith('}')) onAck(JSON.parse(line))
    })
    const done = new Promise<void>((resolve, reject) => {
      child.once('close', (code, signal) => {
        members.delete(member)
        if (code !== 0 && signal === null) reject(new Error(`a caller ended with ${code ?? signal}`))
        else resolve()
        if (!stopping) startOne()
      })
    })
    const member = { child, done }
    members.add(member)
  }
  for (let index = 0; index < CLIENTS; index++) startOne()

  return {
    killOne(): void {
      const [member] = [...members].sort(() => Math.random() - 0.5)
      if (member?.child.kill('SIGKILL')) kills++
    },
    /** Lets the callers finish; how many were killed before. */
    async stop(): Promise<number> {
      stopping = true
      const last = [...members]
      for (const { child } of last) child.kill('SIGTERM')
      await Promise.all(last.map(({ done }) => done))
      return kills
    },
  }
}
