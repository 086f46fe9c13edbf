import { type CallOptions, CoreError, retry, uuidv7 } from '@core/foundation'
import { type Credits, microCredits } from './credits.ts'
import type { HoldCalls } from './hold-calls.ts'
import { toCoreError } from './keyed.ts'
import type { Metadata } from './metadata.ts'
import type { OverPolicy, SettleInput } from './operation.ts'
import type { AccountDenial, Reserved, Settled, SpendDenial } from './outcome.ts'
import { toUnsettledError, type UnsettledWork } from './unsettled-work.ts'

export interface HoldWorkInput {
  account: string
  /** The most the work may cost. */
  max: Credits
  /** Start with at least this much, at most `max`. Default: exactly `max`. */
  min?: Credits | undefined
  /** Identifies the whole run, 1 to 192 characters: the key of its reserve is derived from it, those of its settle and void from the hold. */
  key?: string | undefined
  /** Seconds the hold survives without a heartbeat, 3 to 86,400; default 120. The heartbeat runs at a third of it. */
  ttlSeconds?: number | undefined
  /**
   * What happens to use above the hold: `cap` (default) charges what balance and budgets leave; `overflow` also goes
   * into debt, as far as the owner allows; `reject` charges the hold and no more. What was not charged is
   * `uncollected`.
   */
  over?: OverPolicy | undefined
  metadata?: Metadata | undefined
}

export interface LiveHold {
  readonly id: string
  /** What is set aside now; grows with `extend`. */
  readonly granted: Credits
  readonly metered: Credits
  /** Aborts when the caller aborts or the hold is lost: the work should stop. */
  readonly signal: AbortSignal
  /** Counts what the work has used so far. Local and immediate; the sum is charged at the end. */
  meter(amount: Credits): void
  /** Sets more aside while the work runs; false when the credits or a budget do not allow it. */
  extend(amount: Credits): Promise<boolean>
}

export type HoldWork<Value> = (hold: LiveHold) => Promise<Value>

export interface HoldWorkDone<Value> {
  status: 'done'
  value: Value
  hold: string
  charged: Credits
  released: Credits
  /** What was metered above the hold and not charged, by its policy. */
  uncollected: Credits
  settlement: Settled
}

/** The work is done, and whether it is charged is not known or not possible. */
export interface HoldWorkUnsettled<Value> extends UnsettledWork {
  status: 'unsettled'
  value: Value
}

export type HoldWorkOutcome<Value> = HoldWorkDone<Value> | HoldWorkUnsettled<Value> | SpendDenial | AccountDenial

/**
 * Reserves, runs the work under a heartbeat that keeps the hold alive, then settles what was metered. Work that returns
 * without having metered anything is charged whole and flagged `estimated`: forgetting to meter must not be free. Work
 * that throws or is aborted is charged what it had metered, the rest is released, and its error is rethrown.
 *
 * A failing settle is sent again until the hold expires, or the caller aborts. Then the outcome is `unsettled`,
 * with the value and what to send later; of work that failed, the error has that: `unsettledOf(error)`.
 */
export async function withHold<Value>(
  ledger: HoldCalls,
  input: HoldWorkInput,
  work: HoldWork<Value>,
  options: CallOptions = {},
): Promise<HoldWorkOutcome<Value>> {
  const { account, max, min, over, metadata, key = uuidv7(), ttlSeconds = 120 } = input
  if (ttlSeconds < 3) throw new CoreError('E_INVALID', `ttlSeconds must be 3 or more, got ${ttlSeconds}`)
  const lost = new AbortController()
  // Before anything is set aside: a signal that cannot be followed is refused.
  const signal = options.signal ? AbortSignal.any([options.signal, lost.signal]) : lost.signal
  const reserved = await ledger.reserve(
    { account, amount: max, min, over, metadata, ttlSeconds, key: `${key}:reserve` },
    options,
  )
  if (reserved.status !== 'reserved') return reserved

  const live = startLiveHold(ledger, reserved, ttlSeconds, lost, signal)
  const metered = () => live.metered() ?? microCredits(0)
  const most = () => (over === 'reject' ? microCredits(Math.min(metered(), live.granted())) : metered())
  const { hold } = reserved
  async function finish(amount: Credits | undefined): Promise<Settled | UnsettledWork> {
    // By the hold, which is the same when the run's key comes again, and unknown to others before.
    const settle = { hold, amount, key: `${hold}:settle` }
    try {
      return await settleWhileHeld(ledger, settle, live.expiresAt(), options.signal)
    } catch (error) {
      return { hold, metered: metered(), settle, error: toCoreError(error) }
    }
  }
  let value: Value
  try {
    value = await work(live.hold)
  } catch (error) {
    live.stop()
    // Giving it back may fail: the work's error matters more, and an unreachable database releases the hold by its expiry.
    const giveBack = () => ledger.void({ hold, reason: 'the work failed', key: `${hold}:void` }).catch(() => undefined)
    const end = await (most() > 0 ? finish(most()) : giveBack())
    throw end && 'settle' in end ? toUnsettledError(error, end) : error
  }
  live.stop()
  const settlement = await finish(live.metered() === undefined ? undefined : most())
  if ('settle' in settlement) return { status: 'unsettled', value, ...settlement }
  const { charged, released } = settlement
  const uncollected = microCredits(Math.max(0, metered() - charged))
  return { status: 'done', value, hold, charged, released, uncollected, settlement }
}

/** Sends it until it is answered, or the hold has expired by the clock of this process. */
async function settleWhileHeld(
  ledger: HoldCalls,
  input: SettleInput,
  expiresAt: number,
  signal?: AbortSignal,
): Promise<Settled> {
  let failure: unknown
  // Not with the caller's signal, which only ends the waiting: the work is done and has to be paid for.
  const settlement = await retry(() => ledger.settle(input), {
    attempts: Number.POSITIVE_INFINITY,
    baseMs: 100,
    capMs: 2_000,
    signal,
    // The limit is asked for, not waited for: a timer of its own would outlive the settle.
    isRetryable: (error) => {
      failure = error
      return toCoreError(error).retryable && performance.now() < expiresAt
    },
  }).catch((error: unknown) => {
    throw error === signal?.reason ? failure : error
  })
  if (settlement.status === 'settled' || settlement.status === 'settled_late') return settlement
  throw new CoreError('E_CONFLICT', `the hold ${input.hold} is not settled: ${settlement.status}`, {
    details: { reason: settlement.status, hold: input.hold },
  })
}

/** Renews a hold until it is stopped, or the hold is lost: then `lost` aborts. */
function startLiveHold(
  ledger: HoldCalls,
  reserved: Reserved,
  ttlSeconds: number,
  lost: AbortController,
  signal: AbortSignal,
) {
  let { granted } = reserved
  let metered: Credits | undefined
  let expiresAt = performance.now() + ttlSeconds * 1_000

  async function extend(amount: Credits): Promise<boolean> {
    const sentAt = performance.now()
    // A new key: one derived from the run's would replay the extend of an earlier, killed run of that key.
    const outcome = await ledger.extend({ hold: reserved.hold, add: amount, ttlSeconds })
    if (outcome.status === 'extended') {
      granted = hold.granted = outcome.amount
      expiresAt = sentAt + ttlSeconds * 1_000
      return true
    }
    if (outcome.status === 'hold_closed') {
      lose(
        new CoreError('E_CONFLICT', `the hold ${reserved.hold} is lost: ${outcome.holdStatus}`, {
          details: { reason: 'hold_closed' },
        }),
      )
    }
    return false
  }

  let isRunning = true
  const heartbeat = setInterval(
    () => {
      extend(microCredits(0)).catch((error: unknown) => {
        // A missed heartbeat is harmless until the hold expires; the next one tries again.
        if (performance.now() >= expiresAt) lose(error)
      })
    },
    (ttlSeconds * 1_000) / 3,
  )
  heartbeat.unref?.() // browsers' timers are numbers

  function stop(): void {
    clearInterval(heartbeat)
    isRunning = false
  }
  /** A beat may be answered after the work is over, when its hold is settled. */
  function lose(reason: unknown): void {
    if (isRunning) lost.abort(reason)
    stop()
  }

  // Shown, and not what is charged: a work could set them. Accessors of an object that is made for each run take longer than
  // all the rest of it.
  const hold = {
    id: reserved.hold,
    granted: reserved.granted,
    metered: microCredits(0),
    signal,
    meter(amount: Credits) {
      metered = hold.metered = microCredits((metered ?? 0) + microCredits(amount))
    },
    extend,
  }
  return {
    hold,
    stop,
    granted: () => granted,
    metered: () => metered,
    expiresAt: () => expiresAt,
  }
}
