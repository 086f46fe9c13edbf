import { type CallOptions, CoreError, isCoreError, uuidv7 } from '@core/foundation'
import { createLedger, unsettledOf } from '@core/ledger'
import type { Breaker } from '../breaker.ts'
import type { Context } from './context.ts'
import type { CoreLedger } from './core-ledger.ts'
import type { LeaseOptions, LeaseSpending } from './lease-spending.ts'
import type { Settles } from './open-settles.ts'

/** Follows work until it has ended. */
export type Track = <Value>(work: Promise<Value>) => Promise<Value>

export interface LedgerContext extends Context {
  readonly track: Track
  readonly breaker: Breaker
  readonly lease: LeaseOptions | undefined
  readonly settlesFile: string | undefined
}

export interface OpenedLedger {
  readonly ledger: CoreLedger
  readonly canSpendLease: boolean
  /** Settles on disk. */
  readonly waiting: number
  flush(options: CallOptions): Promise<void>
  close(): Promise<void>
}

/** Keys that are remembered to keep one effect from being charged in two places. */
const mostKeys = 10_000
/** How long work under a hold may take to end with the core. */
const endWaitMs = 5_000

export async function openLedger({
  database,
  breaker,
  lease: leaseOptions,
  settlesFile,
  track,
  clock,
  logger,
}: LedgerContext): Promise<OpenedLedger> {
  const ledger = createLedger({ database })
  const ending = new AbortController()
  const running = new Set<Promise<unknown>>()
  let lease: LeaseSpending | undefined
  let settles: Settles | undefined
  if (leaseOptions !== undefined) {
    const { openLeaseSpending } = await import('./lease-spending.ts')
    lease = openLeaseSpending({ ledger, breaker, lease: leaseOptions, clock, logger })
  }
  if (settlesFile !== undefined) {
    const { openSettles } = await import('./open-settles.ts')
    settles = await openSettles({ ledger, breaker, file: settlesFile, clock, logger })
  }
  const sentToLedger = createKeySet()
  const spentFromLease = createKeySet()
  const covers = (account: string) => lease?.account === account

  /** What was sent before may have been charged, so it is not spent from the lease as well. */
  function requireUnsent(key: string): void {
    if (!sentToLedger.has(key)) return
    throw new CoreError(
      'E_DATABASE_UNAVAILABLE',
      'the database is away, and an earlier call with this key may have been charged',
      {
        fix: 'Send it again with the same key when the database is back.',
        details: { reason: 'key_was_sent', key, sent: false },
      },
    )
  }

  /** One run of work under a hold; ending the core ends it, with what it has metered. */
  const runHold: CoreLedger['withHold'] = async (input, work, { signal, ...limits } = {}) => {
    const options = { ...limits, signal: signal ? AbortSignal.any([signal, ending.signal]) : ending.signal }
    const { account, key = uuidv7() } = input
    const run = { ...input, key }
    let isStarted = false
    if (breaker.isUp || !covers(account)) {
      try {
        const outcome = await ledger.withHold(
          run,
          (hold) => {
            isStarted = true
            sentToLedger.add(key)
            return work(hold)
          },
          options,
        )
        if (outcome.status !== 'unsettled' || settles === undefined) return { ...outcome, via: 'ledger' }
        await settles.keep(outcome)
        return { ...outcome, via: 'ledger', spooled: true }
      } catch (error) {
        const unsettled = unsettledOf(error)
        if (unsettled && settles) await settles.keep(unsettled)
        // Work that was not started was not charged; a hold of which the answer was lost ends by its time.
        if (isStarted || !covers(account) || !isCoreError(error, 'E_DATABASE_UNAVAILABLE')) throw error
      }
    }
    if (lease === undefined) throw closed()
    requireUnsent(key)
    return await lease.withHold(run, work, options)
  }

  const core: CoreLedger = {
    ...ledger,
    async charge(input, options) {
      const { account, amount, key = uuidv7(), metadata } = input
      if (lease && covers(account) && spentFromLease.has(key)) return await lease.spend(amount, key, metadata)
      if (breaker.isUp || !covers(account)) {
        try {
          return { ...(await ledger.charge({ ...input, key }, options)), via: 'ledger' }
        } catch (error) {
          if (!wasNotSent(error) || !covers(account)) {
            sentToLedger.add(key)
            throw error
          }
        }
      }
      if (lease === undefined) throw closed()
      requireUnsent(key)
      const outcome = await lease.spend(amount, key, metadata)
      if (outcome.status === 'charged') spentFromLease.add(key)
      return outcome
    },
    withHold(input, work, options) {
      const run = runHold(input, work, options)
      const ended: Promise<unknown> = run.then(
        () => running.delete(ended),
        () => running.delete(ended),
      )
      running.add(ended)
      return track(run)
    },
  }
  return {
    ledger: core,
    get canSpendLease() {
      return lease?.canSpend ?? false
    },
    get waiting() {
      return settles?.pending ?? 0
    },
    flush: async (options) => settles?.flush(options),
    async close() {
      ending.abort(new CoreError('E_CLOSED', 'the core is closed'))
      await Promise.race([Promise.all(running), clock.sleep(endWaitMs, { unref: true })])
      await settles?.close()
      await lease?.close()
      await ledger.close()
    },
  }
}

function wasNotSent(error: unknown): boolean {
  return isCoreError(error, 'E_DATABASE_UNAVAILABLE') && error.details['sent'] === false
}

function closed(): CoreError {
  return new CoreError('E_DATABASE_UNAVAILABLE', 'the database is away, and there is no lease to spend')
}

function createKeySet() {
  const keys = new Set<string>()
  return {
    has: (key: string) => keys.has(key),
    add(key: string) {
      keys.add(key)
      const [oldest] = keys
      if (keys.size > mostKeys && oldest !== undefined) keys.delete(oldest)
    },
  }
}
