import { type Clock, isCoreError, type Logger } from '@core/foundation'
import { type LiveHold, microCredits } from '@core/ledger'
import type { AttemptLimits, AttemptResult } from './attempt.ts'
import type { ModelRequest, RouterLimits } from './call.ts'
import type { Choice } from './choose-targets.ts'
import { prepareBody } from './prepare-body.ts'
import type { CallPrice } from './price-call.ts'
import type { ModelCall } from './read-request.ts'
import type { Target } from './routing.ts'
import { runAttempt } from './run-attempt.ts'
import type { Sink } from './sink.ts'
import type { TargetHealth } from './target-health.ts'
import { readQuota } from './target-quota.ts'
import { toHeaderText } from './to-header-text.ts'
import type { FindTransport } from './transport.ts'

/** One call, while its targets are tried. */
export interface Run {
  readonly request: ModelRequest
  readonly form: FormData | undefined
  readonly call: ModelCall
  readonly order: readonly Choice[]
  readonly priced: ReadonlyMap<Target, CallPrice>
  readonly hold: LiveHold
  readonly sink: Sink
  readonly health: TargetHealth
  readonly limits: AttemptLimits & RouterLimits
  readonly clock: Clock
  readonly transports: FindTransport
  readonly logger: Logger
  /** See `RoutePolicy`. */
  readonly hedgeMs: number | undefined
}

/** How far it is. */
export interface Progress {
  readonly startedMs: number
  attempts: number
  firstOutputMs: number | undefined
  /** Asked once: an answer of hundreds of events must not ask a full ledger at each. */
  canGrow: boolean
}

export interface Tried {
  readonly target: Target
  readonly price: CallPrice
  readonly result: AttemptResult
  readonly tookMs: number
  readonly isUnwanted: boolean
}

/** A stream's hold is extended by the price of so many tokens, when three quarters of it are used. */
const topUpTokens = 4_096

/** One attempt at a target; undefined where it can or may not be asked. `besides` is what another may cost meanwhile. */
export async function tryTarget(
  run: Run,
  progress: Progress,
  target: Target,
  { besides = 0, unwanted }: { readonly besides?: number; readonly unwanted?: AbortSignal } = {},
): Promise<Tried | undefined> {
  const { request, call, priced, hold, sink, health, limits, clock, logger } = run
  const price = priced.get(target)
  const send = run.transports(target.provider, call.operation)
  if (price === undefined || send === undefined || (sink.gone.aborted && progress.attempts > 0)) return undefined
  const needed = price.most + besides + hold.metered
  if (needed > hold.granted && !(await extend(hold, needed - hold.granted))) return undefined
  const place = health.enter(target.key, target.provider.limits, call.inputTokens)
  if ('full' in place) {
    logger.debug({ target: target.id, reason: place.full }, 'a target is left out')
    return undefined
  }
  progress.attempts += 1
  const attemptMs = clock.monotonic()
  try {
    const preparing = prepareBody(run, target)
    const prepared = preparing instanceof Promise ? await preparing : preparing
    const result = await runAttempt({
      operation: call.operation,
      isStream: call.isStream,
      wantsUsage: call.wantsUsage,
      limits,
      gone: sink.gone,
      unwanted,
      onHead(headers) {
        const quota = readQuota(headers, clock.now())
        if (quota !== undefined) health.informed(target.key, quota)
      },
      send: (signal) =>
        send({
          target,
          operation: call.operation,
          isStream: call.isStream,
          headers: request.headers,
          signal,
          ...prepared,
        }),
      async forward(blocks) {
        progress.firstOutputMs ??= Math.round(clock.monotonic() - progress.startedMs)
        sink.begin(headersOf(target, progress))
        for (const { bytes } of blocks) await sink.write(bytes)
      },
      async onOutput(tokens) {
        // What was asked for is within the hold; where nothing was asked, it may have to grow.
        if (call.isLimited) return true
        const cost = hold.metered + price.floor + price.ofOutput(tokens)
        if (cost * 4 <= hold.granted * 3) return true
        progress.canGrow &&= await extend(hold, Math.max(1, price.ofOutput(topUpTokens)))
        return progress.canGrow || cost <= hold.granted
      },
    })
    return { target, price, result, tookMs: clock.monotonic() - attemptMs, isUnwanted: unwanted?.aborted === true }
  } finally {
    place[Symbol.dispose]()
  }
}

export function headersOf({ id }: Target, { attempts }: Progress): Readonly<Record<string, string>> {
  return { 'core-target': toHeaderText(id), 'core-attempts': String(attempts) }
}

/** Whether more could be set aside. A ledger that is away cannot say, so it is a no. */
async function extend(hold: LiveHold, amount: number): Promise<boolean> {
  try {
    return await hold.extend(microCredits(amount))
  } catch (error) {
    if (isCoreError(error)) return false
    throw error
  }
}
