import { coalesceLedgerCalls } from '@core/control-plane/ledger-calls'
import type { Database, JsonInput } from '@core/database'
import { uuidv7 } from '@core/foundation'
import { runCallers } from '../callers.ts'
import { forkServer } from '../http/child-server.ts'
import { ownerKey } from '../http/open-plane.ts'
import { type Contestant, measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import { quantile } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { hotAccount } from './accounts.ts'
import { requireOk } from './answer.ts'
import { goals } from './goals.ts'
import { HELD, openHolds, TTL_SECONDS, USED } from './operations.ts'
import type { ServerPlatform } from './platform.ts'
import { openRestCallers, type RestCallers } from './rest-callers.ts'

const CALLERS = 256
const project = hotAccount

/**
 * What a program in another language sees: 256 callers of a control plane in a process of its own, all on one account, beside as
 * many that call the function themselves, a transaction each. The client runs beside both on the same cores: it is a bare socket.
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
  const connect = (count: number) => openRestCallers(plane.port, ownerKey, count)
  const measured = await measure(
    [
      singleReserve('single', database, CALLERS),
      restReserve('rest', connect, CALLERS),
      singleSettle('single settle', database),
      restSettle('settle', connect, database),
      restReserve('lone rest', connect, 1),
    ],
    { ...context.measure, signal: context.signal },
  )
  const lone = await measureLonePairs(database, coalesceLedgerCalls(database), context)
  const perSecond = (name: string, what: string) => toRow(`server: ${what}`, measured.perSecond(name), 'per second')
  const against = (name: string, other: string, what: string) =>
    toRow(`server: ${what} against a transaction each`, measured.ratio(name, other).middle, 'ratio', goals.rest)
  return [
    perSecond('single', 'ledger_reserve, 256 callers, a transaction each'),
    perSecond('rest', 'POST holds, 256 callers'),
    against('rest', 'single', 'POST holds'),
    perSecond('single settle', 'ledger_settle, 256 callers, a transaction each'),
    perSecond('settle', 'POST settle, 256 callers'),
    against('settle', 'single settle', 'POST settle'),
    toRow('server: ledger_reserve for a key, one caller, p50', lone.alone, 'ms'),
    toRow('server: the same through the coalescer, p50', lone.coalesced, 'ms'),
    toRow('server: lone coalesced call, p50', lone.coalesced / lone.alone, 'ratio', goals.loneCoalesced),
    toRow('server: POST holds, one caller, p50', measured.latencyMs('lone rest', 0.5), 'ms'),
  ]
}

const terms = { p_account: hotAccount, p_amount: HELD, p_ttl_s: TTL_SECONDS }

function singleReserve(name: string, database: Database, callers: number): Contestant {
  return {
    name,
    step: callers,
    run: (operations) =>
      runCallers(callers, operations, async () => {
        requireOk(await database.rpc('ledger_reserve', { p_key: uuidv7(), ...terms }))
      }),
  }
}

function singleSettle(name: string, database: Database): Contestant {
  let holds: string[] = []
  return {
    name,
    step: CALLERS,
    async prepare(operations) {
      holds = await openHolds(database, operations)
    },
    run: (operations) =>
      runCallers(CALLERS, operations, async (index) => {
        requireOk(await database.rpc('ledger_settle', { p_key: uuidv7(), p_hold: holds[index] ?? '', p_amount: USED }))
      }),
  }
}

/**
 * One caller, with the claims of a key as the control plane sets them, whose calls go both ways in turn: between two samples the
 * machine drifts by more than the way through the coalescer costs. The medians, in milliseconds.
 */
async function measureLonePairs(
  database: Database,
  coalesced: Pick<Database, 'call'>,
  { measure: { rounds, sampleMs }, signal }: BenchContext,
): Promise<{ alone: number; coalesced: number }> {
  const times = { alone: [] as number[], coalesced: [] as number[] }
  const ways = [
    [database, times.alone],
    [coalesced, times.coalesced],
  ] as const
  const member = { role: 'core_member', project, caps: ['ledger:spend'], sub: 'key' } as const
  const until = performance.now() + 2 * rounds * sampleMs
  for (let pair = 0; pair < 100 || performance.now() < until; pair++) {
    signal.throwIfAborted()
    for (const [calls, took] of pair % 2 === 0 ? ways : ways.toReversed()) {
      const args: Record<string, JsonInput> = { p_key: uuidv7(), ...terms }
      const startedAt = performance.now()
      requireOk(await calls.call('ledger_reserve', args, { claims: { ...member, requestId: uuidv7() } }))
      took.push(performance.now() - startedAt)
    }
  }
  return { alone: quantile(times.alone, 0.5), coalesced: quantile(times.coalesced, 0.5) }
}

const holdsPath = `/v1/projects/${project}/holds`

/** Connections are made before a sample: a server closes those that are idle while others are measured. */
type Connect = (count: number) => Promise<RestCallers>

function requireCallers(rest: RestCallers | undefined): RestCallers {
  if (rest === undefined) throw new Error('prepare comes before run')
  return rest
}

function restReserve(name: string, connect: Connect, callers: number): Contestant {
  const body = JSON.stringify({ account: hotAccount, amount: HELD, ttlSeconds: TTL_SECONDS })
  let rest: RestCallers | undefined
  return {
    name,
    step: callers,
    async prepare() {
      rest = await connect(callers)
    },
    async run(operations) {
      using ready = requireCallers(rest)
      return await runCallers(callers, operations, async () => ready.post(holdsPath, body))
    },
  }
}

function restSettle(name: string, connect: Connect, database: Database): Contestant {
  const body = JSON.stringify({ amount: USED })
  let holds: string[] = []
  let rest: RestCallers | undefined
  return {
    name,
    step: CALLERS,
    async prepare(operations) {
      holds = await openHolds(database, operations)
      rest = await connect(CALLERS)
    },
    async run(operations) {
      using ready = requireCallers(rest)
      return await runCallers(CALLERS, operations, async (index) =>
        ready.post(`${holdsPath}/${holds[index] ?? ''}/settle`, body),
      )
    },
  }
}
