import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresServer } from '@core/database/testing'
import pg from 'pg'

/** As a power cut, a lost machine, and one lost process do it. */
export const waysToCrash = ['SIGQUIT to the server', 'kill -9 of the server', 'kill -9 of a connection'] as const
export type WayToCrash = (typeof waysToCrash)[number]

/** Ends a server without any order and waits until it serves again. */
export async function crashServer(server: PostgresServer, how: WayToCrash): Promise<void> {
  if (how === 'kill -9 of a connection') {
    // The server then ends all its processes and recovers from its log.
    await killConnection(server)
    await untilItAnswers(server, Date.now() + 20_000)
    return
  }
  process.kill(server.pid, how === 'kill -9 of the server' ? 'SIGKILL' : 'SIGQUIT')
  await server.halt() // until it has gone
  // Its connections' processes notice a little later that it is gone; until then no other one may start.
  for (const until = Date.now() + 20_000; ; ) {
    try {
      return await server.start()
    } catch (error) {
      if (Date.now() > until) throw error
      await sleep(100)
    }
  }
}

async function killConnection(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('ledger') })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'core' order by random() limit 1`,
  )
  if (rows[0]) process.kill(rows[0].pid, 'SIGKILL')
  await client.end().catch(() => undefined)
}

async function untilItAnswers(server: PostgresServer, until: number): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('ledger'), connectionTimeoutMillis: 2_000 })
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
