import { callable, limitLease } from '@core/api/functions'
import type { Database } from '@core/database'
import { type Clock, CoreError, systemClock } from '@core/foundation'

/** Permits of one lease that its process did not spend, by the cell in which the lease was booked. */
export type Unspent = readonly [cell: number, permits: number]

export interface LeaseTerms {
  /** How many permits it would like; 0 only gives back. */
  readonly want: number
  /** How long they may be spent after they were asked for, where that is not what the batcher has. */
  readonly leaseMs?: number | undefined
}

export interface PermitRequest {
  readonly key: string
  readonly limit: number
  readonly windowMs: number
  /** Asked when the call leaves. */
  readonly terms: () => LeaseTerms
  readonly unspent: readonly Unspent[]
}

export interface Lease {
  readonly cell: number
  readonly given: number
  /** How many more the database would have given. */
  readonly left: number
  /** Milliseconds until the oldest permits fall out of the window. */
  readonly resetMs: number
  /** When it may no longer be spent, by this process's monotonic clock. */
  readonly validUntil: number
}

export interface PermitBatcher {
  /**
   * Rejects when the database does not answer soon; for a second after that at once. Waits for others to go with, for as
   * long as `patienceMs` says.
   */
  ask(request: PermitRequest, patienceMs?: number): Promise<Lease>
  /** What waits for others goes now. */
  hurry(): void
}

export interface PermitBatcherDependencies {
  readonly database: Pick<Database, 'rpc'>
  /** How long permits may be spent after they were asked for. */
  readonly leaseMs: number
  readonly clock?: Clock
}

interface Waiting {
  readonly request: PermitRequest
  readonly resolve: (lease: Lease) => void
  readonly reject: (error: unknown) => void
}

const perCall = 500
const timeoutMs = 2000
const awayForMs = 1000

/** Asks for leases, one call at a time: whatever is wanted while a call is out goes together into the next one. */
export function createPermitBatcher({
  database,
  leaseMs,
  clock = systemClock,
}: PermitBatcherDependencies): PermitBatcher {
  const lease = callable(database, limitLease)
  let waiting: Waiting[] = []
  let isCalling = false
  /** Some that wait must not wait for others. */
  let isDue = false
  let timer: NodeJS.Timeout | undefined
  let awayUntil = Number.NEGATIVE_INFINITY

  async function call(batch: readonly Waiting[]): Promise<void> {
    if (clock.monotonic() < awayUntil) {
      for (const { reject } of batch) reject(away()) // and awayUntil stays: those who come meanwhile must not prolong it
      return
    }
    try {
      const wants = batch.map(({ request: { key, limit, windowMs, terms, unspent } }) => {
        const { want, leaseMs } = terms()
        return { key, limit, window_ms: windowMs, want, unspent: unspent.map((entry) => [...entry]), lease_ms: leaseMs }
      })
      // Before the database books it: so it never lasts longer here than there, whatever the two clocks say.
      const askedAt = clock.monotonic()
      const options = { repeatable: false, timeoutMs } // unspent permits must be returned once
      const answer = await lease({ wants, leaseMs }, options)
      const leases = new Map(answer.leases.map((given) => [given.key, given]))
      for (const [at, { request, resolve, reject }] of batch.entries()) {
        const given = leases.get(request.key)
        if (given === undefined) reject(new CoreError('E_INTERNAL', 'the database gave no lease for a key'))
        else resolve({ ...given, resetMs: given.reset_ms, validUntil: askedAt + (wants[at]?.lease_ms ?? leaseMs) })
      }
    } catch (error) {
      awayUntil = clock.monotonic() + awayForMs
      for (const { reject } of batch) reject(error)
    }
  }

  async function work(): Promise<void> {
    while (isDue) {
      const batch = waiting.slice(0, perCall)
      waiting = waiting.slice(perCall)
      isDue = waiting.length > 0
      await call(batch)
    }
    isCalling = false
  }

  function hurry(): void {
    clearTimeout(timer)
    timer = undefined
    isDue = waiting.length > 0
    if (isCalling || !isDue) return
    // A turn later, so that what one turn of the event loop wants goes together.
    isCalling = true
    setImmediate(work)
  }

  return {
    ask: (request, patienceMs = 0) =>
      new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject })
        if (patienceMs === 0) hurry()
        else timer ??= setTimeout(hurry, patienceMs)
      }),
    hurry,
  }
}

function away(): CoreError {
  return new CoreError('E_DATABASE_UNAVAILABLE', 'the database did not answer a moment ago')
}
