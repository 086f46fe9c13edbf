import { type CallOptions, CoreError, isCoreError, uuidv7 } from '@core/foundation'
import {
  type Credits,
  type HoldWork,
  type HoldWorkInput,
  type Lease,
  type Ledger,
  type LiveHold,
  type Metadata,
  microCredits,
  openLease,
} from '@core/ledger'
import type { Breaker } from '../breaker.ts'
import type { Context } from './context.ts'
import type { LeaseRefusal, LeaseSpent, LeaseWorkDone } from './core-ledger.ts'

export interface LeaseOptions {
  /** Whose charges and holds are paid from the lease while the database is away. */
  readonly account: string
  /** Set aside in the database from the start. */
  readonly amount: Credits
  /** The journal, on a disk that outlives the process; one per process. */
  readonly file: string
  /** 1 to 604,800; default one day. */
  readonly ttlSeconds?: number | undefined
}

/** Spends a lease while the ledger is away. */
export interface LeaseSpending {
  readonly account: string
  /** Whether anything can be spent now. */
  readonly canSpend: boolean
  spend(amount: Credits, key: string, metadata?: Metadata): Promise<LeaseSpent | LeaseRefusal>
  withHold<Value>(
    input: HoldWorkInput,
    work: HoldWork<Value>,
    options?: CallOptions,
  ): Promise<LeaseWorkDone<Value> | LeaseRefusal>
  /** Reports what was spent and gives back what remains; while the database is away the journal keeps it. */
  close(): Promise<void>
}

export interface LeaseSpendingOptions extends Pick<Context, 'clock' | 'logger'> {
  readonly ledger: Pick<Ledger, 'leases'>
  readonly breaker: Breaker
  readonly lease: LeaseOptions
}

const retryMs = 5_000
const daySeconds = 86_400

export function openLeaseSpending({
  ledger,
  breaker,
  lease: options,
  clock,
  logger,
}: LeaseSpendingOptions): LeaseSpending {
  const { account, amount, file, ttlSeconds } = options
  const closing = new AbortController()
  const lifeMs = (ttlSeconds ?? daySeconds) * 1000
  let lease: Lease | undefined
  /** By the monotonic clock: half of the lease's time is over, and an outage may outlast the rest. */
  let renewAt = Number.POSITIVE_INFINITY
  /** Of the lease, set aside for work that runs. */
  let held = 0
  const free = () => Math.max(0, (lease?.remaining ?? 0) - held)

  /**
   * Opens it, resumes that of an earlier process also while the database is away, and replaces one of which half is used up, or
   * half of the time.
   */
  async function keep(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await renew()
        if (lease === undefined) await breaker.whenUp(closing.signal)
        else await clock.sleep(retryMs, { signal: closing.signal, unref: true })
      } catch (error) {
        if (closing.signal.aborted) return
        logger.warn({ err: error, file }, 'the lease could not be opened')
        await clock.sleep(retryMs, { signal: closing.signal, unref: true }).catch(() => undefined)
      }
    }
  }

  async function renew(): Promise<void> {
    const isOld = clock.monotonic() >= renewAt
    const isWorn = lease !== undefined && (lease.state !== 'open' || lease.remaining < amount / 2 || isOld)
    if (lease !== undefined && !(isWorn && breaker.isUp && held === 0)) return
    const worn = lease
    lease = undefined
    await worn?.close({ signal: closing.signal })
    const opened = await openLease(
      { ledger, account, amount, file, ttlSeconds: lifeMs / 1000, clock, logger },
      { signal: closing.signal },
    ).catch((error: unknown) => {
      if (isCoreError(error, 'E_DATABASE_UNAVAILABLE')) return undefined
      throw error
    })
    if (opened === undefined) return
    if (opened.status === 'leased') {
      lease = opened
      // The clocks of a new one need not agree.
      const leftMs = opened.resumed ? opened.expiresAt.getTime() - clock.now() : lifeMs
      renewAt = clock.monotonic() + leftMs - lifeMs / 2
    } else throw new CoreError('E_CONFLICT', `no lease for ${account}: ${opened.status}`, { details: { ...opened } })
  }

  const keeping = keep()

  function refuse(requested: Credits): LeaseRefusal {
    return { status: 'lease_exhausted', via: 'lease', account, requested, remaining: microCredits(free()) }
  }

  async function spendFrom(from: Lease, spent: Credits, key: string, metadata?: Metadata) {
    const outcome = await from.spend(spent, { key, metadata })
    return outcome.status === 'spent' ? { replayed: outcome.replayed } : undefined
  }

  return {
    account,
    get canSpend() {
      return lease?.state === 'open' && free() > 0
    },
    async spend(requested, key, metadata) {
      if (lease === undefined || free() < requested) return refuse(requested)
      const spent = await spendFrom(lease, requested, key, metadata)
      if (spent === undefined) return refuse(requested)
      return { status: 'charged', via: 'lease', account, charged: requested, ...spent }
    },
    async withHold(input, work, { signal } = {}) {
      const { max, min = max, over, metadata, key = uuidv7() } = input
      const from = lease
      const granted = Math.min(max, free())
      if (from === undefined || from.state !== 'open' || granted < min) return refuse(min)
      held += granted
      const hold = startHold(from.id, granted, signal, (more) => {
        if (free() < more) return false
        held += more
        return true
      })
      async function pay(isWhole: boolean): Promise<Credits> {
        held -= hold.live.granted
        const most = over === 'reject' ? hold.live.granted : hold.live.granted + free()
        const charged = microCredits(isWhole ? hold.live.granted : Math.min(hold.live.metered, most))
        if (charged === 0 || from === undefined) return microCredits(0)
        return (await spendFrom(from, charged, `${key}:settle`, metadata)) ? charged : microCredits(0)
      }
      let value: Awaited<ReturnType<typeof work>>
      try {
        value = await work(hold.live)
      } catch (error) {
        await pay(false)
        throw error
      }
      const charged = await pay(!hold.hasMetered())
      return {
        status: 'done',
        via: 'lease',
        value,
        account,
        charged,
        released: microCredits(Math.max(0, hold.live.granted - charged)),
        uncollected: microCredits(Math.max(0, hold.live.metered - charged)),
      }
    },
    async close() {
      closing.abort(new CoreError('E_CLOSED', 'the core is closed'))
      await keeping
      await lease?.close()
    },
  }
}

function startHold(id: string, first: number, signal: AbortSignal | undefined, take: (more: Credits) => boolean) {
  let granted = first
  let metered = 0
  let hasMetered = false
  const live: LiveHold = {
    id,
    get granted() {
      return microCredits(granted)
    },
    get metered() {
      return microCredits(metered)
    },
    signal: signal ?? new AbortController().signal,
    meter(amount) {
      metered = microCredits(metered + microCredits(amount))
      hasMetered = true
    },
    async extend(amount) {
      if (!take(amount)) return false
      granted += amount
      return true
    },
  }
  return { live, hasMetered: () => hasMetered }
}
