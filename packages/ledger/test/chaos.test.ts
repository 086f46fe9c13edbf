import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '@core/database'
import { createChaosDatabase, createTestDatabase, randomFaults } from '@core/database/testing'
import { expect, test } from 'vitest'
import { type Ack, openChaosAccounts, runChaosClient } from './chaos-client.ts'
import { checkChaos } from './check-chaos.ts'
import { countDeadlocks } from './count-deadlocks.ts'

/** `chaos.soak.test.ts` has a longer one, with killed callers and crashed servers. */
const RUN_MS = 2_000
/** Of the calls of one client. A stalled one waits for its whole deadline. */
const chances = { throw: 0.05, stall: 0.01, cut: 0.1, twice: 0.1 }

test('cut connections, cancelled and timed-out statements, lost answers, calls sent twice: nothing is lost, doubled or half done', async () => {
  await using base = await createTestDatabase()
  await openChaosAccounts(base.database)
  const hasty = new URL(base.url)
  hasty.searchParams.set('options', '-c statement_timeout=50')
  const acks: Ack[] = []
  const stop = new AbortController()
  const clients = [base.url, base.url, hasty.href].map(async (url, index) => {
    await using server = await openDatabase({ driver: 'postgres', url, poolSize: 4 })
    const database = index === 1 ? createChaosDatabase(server, randomFaults(chances)) : server
    await runChaosClient({ database, name: `c${index}`, signal: stop.signal, onAck: (ack) => acks.push(ack) })
  })
  const end = Date.now() + RUN_MS
  const isEnough = () => acks.filter(({ tx }) => tx !== null).length > 30
  // A busy machine gets longer to come to it.
  while (Date.now() < end || (!isEnough() && Date.now() < end + 20_000)) {
    await sleep(100)
    const how = Math.random() < 0.5 ? 'pg_terminate_backend' : 'pg_cancel_backend'
    await base.sql(
      `select ${how}(pid) from (select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by random() limit 1) p`,
    )
  }
  stop.abort()
  await Promise.all(clients)
  const { accepted } = await checkChaos(base.sql, acks)
  expect(accepted).toBeGreaterThan(20)
  expect(await countDeadlocks(base)).toBe(0)
})
