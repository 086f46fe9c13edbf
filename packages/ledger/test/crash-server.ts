import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresServer } from '@core/database/testing'
import pg from 'pg'

/** As a power cut, a lost machine, and one lost process do it. */
export const waysToCrash = ['SIGQUIT to the server', 'kill -9 of the server', 'kill -9 of a connection'] as const
export type WayToCrash = (typeof waysToCrash)[number]

/** A busy machine takes a minute to recover, and seconds to let a connection in. */
const RECOVERY_MS = 120_000
const limits = { connectionTimeoutMillis: 10_000, query_timeout: 30_000 }

/** Ends a server without any order and waits until it serves again. */
export async function crashServer(server: PostgresServer, how: WayToCrash): Promise<void> {
  if (how === 'kill -9 of a connection') {
    // The server then ends all its processes and recovers from its log.
    await killConnection(server)
    await untilItAnswers(server, Date.now() + RECOVERY_MS)
    return
  }
  process.kill(server.pid, how === 'kill -9 of the server' ? 'SIGKILL' : 'SIGQUIT')
  await server.halt() // until it has gone
  // Its connections' processes notice a little later that it is gone; until then no other one may start.
  for (const until = Date.now() + RECOVERY_MS; ; ) {
    try {
      return await server.start()
    } catch (error) {
      if (Date.now() > until) throw error
      await sleep(100)
    }
  }
}

async function killConnection(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('ledger'), ...limits, connectionTimeoutMillis: 30_000 })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'core' order by random() limit 1`,
  )
  try {
    if (rows[0]) process.kill(rows[0].pid, 'SIGKILL')
  } catch (error) {
    // It was closed between the question and the kill: nothing to recover from, this time.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
  await client.end().catch(() => undefined)
}

async function untilItAnswers(server: PostgresServer, until: number): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('ledger'), ...limits })
  client.on('error', () => undefined)
  try {
    await sleep(50)
    await client.connect()
  } catch (error) {
    if (Date.now() > until) throw error
    await untilItAnswers(server, until)
  } finally {
    await client.end().catch(() => undefined)
  }
}
