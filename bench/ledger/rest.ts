import { type Client, createClient } from '@core/api/client'
import type { Database } from '@core/database'
import { retry, uuidv7 } from '@core/foundation'
import { runCallers } from '../callers.ts'
import { forkServer } from '../http/child-server.ts'
import { ownerKey } from '../http/open-plane.ts'
import { type Contestant, measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { hotAccount } from './accounts.ts'
import { requireOk } from './answer.ts'
import { goals } from './goals.ts'
import { HELD, openHolds, TTL_SECONDS, USED } from './operations.ts'
import type { ServerPlatform } from './platform.ts'

const CALLERS = 256
const project = hotAccount

/**
 * What a program in another language sees: 256 callers of a control plane in a process of its own, all on one account, beside as
 * many that call the function themselves, a transaction each. The client runs beside both on the same cores.
 */
export async function measureRest(platform: ServerPlatform, context: BenchContext): Promise<Row[]> {
  await using plain = await platform.openPlain()
  const { database, url } = plain
  requireOk(await database.rpc('project_register', { p_name: project, p_version: '1' }))
  await using plane = await forkServer('./plane-server.ts', {
    CORE_HTTP_PORT: '0',
    CORE_OWNER_KEY: ownerKey,
    CORE_DATABASE_URL: url,
    CORE_LIMITS_CREDENTIAL_REQUESTS: '1000000',
  })
  const client = createClient({ url: plane.url, key: ownerKey })
  const measured = await measure(
    [
      singleReserve('single', database, CALLERS),
      restReserve('rest', client, CALLERS),
      restSettle('settle', client, database),
      singleReserve('lone single', database, 1),
      restReserve('lone rest', client, 1),
    ],
    { ...context.measure, signal: context.signal },
  )
  return [
    toRow('server: ledger_reserve, 256 callers, a transaction each', measured.perSecond('single'), 'per second'),
    toRow('server: POST holds, 256 callers', measured.perSecond('rest'), 'per second'),
    toRow(
      'server: POST holds against a transaction each',
      measured.ratio('rest', 'single').middle,
      'ratio',
      goals.rest,
    ),
    toRow('server: POST settle, 256 callers', measured.perSecond('settle'), 'per second'),
    toRow(
      'server: POST settle against a transaction each',
      measured.ratio('settle', 'single').middle,
      'ratio',
      goals.rest,
    ),
    toRow('server: ledger_reserve, one caller, p50', measured.latencyMs('lone single', 0.5), 'ms'),
    toRow('server: POST holds, one caller, p50', measured.latencyMs('lone rest', 0.5), 'ms'),
  ]
}

function singleReserve(name: string, database: Database, callers: number): Contestant {
  return {
    name,
    step: callers,
    run: (operations) =>
      runCallers(callers, operations, async () => {
        const terms = { p_account: hotAccount, p_amount: HELD, p_ttl_s: TTL_SECONDS }
        requireOk(await database.rpc('ledger_reserve', { p_key: uuidv7(), ...terms }))
      }),
  }
}

function restReserve(name: string, client: Client, callers: number): Contestant {
  const body = { account: hotAccount, amount: HELD, ttlSeconds: TTL_SECONDS }
  return {
    name,
    step: callers,
    run: (operations) =>
      runCallers(callers, operations, async () => {
        await sendAgain((sent) => client.reserveHold({ params: { project }, body }, sent))
      }),
  }
}

function restSettle(name: string, client: Client, database: Database): Contestant {
  let holds: string[] = []
  return {
    name,
    step: CALLERS,
    async prepare(operations) {
      holds = await openHolds(database, operations)
    },
    run: (operations) =>
      runCallers(CALLERS, operations, async (index) => {
        const request = { params: { project, id: holds[index] ?? '' }, body: { amount: USED } }
        await sendAgain((sent) => client.settleHold(request, sent))
      }),
  }
}

/** As a caller does: what a busy control plane refuses is sent again with its key, and the waiting is part of the rate. */
function sendAgain(call: (sent: { idempotencyKey: string }) => Promise<unknown>): Promise<unknown> {
  const idempotencyKey = uuidv7()
  return retry(() => call({ idempotencyKey }), { attempts: 20, baseMs: 20, capMs: 500 })
}
