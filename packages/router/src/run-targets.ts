import { microCredits } from '@core/ledger'
import type { Unit } from '@core/providers/price'
import type { AttemptFault } from './attempt.ts'
import type { CallFlag } from './call.ts'
import { GatewayError, toErrorBody, toErrorEvent, toErrorHeaders } from './gateway-error.ts'
import { hedge } from './hedge.ts'
import type { CallPrice } from './price-call.ts'
import { nothingSeen, type Seen } from './read-answer.ts'
import type { Target } from './routing.ts'
import { noteFault, toFailure } from './target-failure.ts'
import { toHeaderText } from './to-header-text.ts'
import { headersOf, type Progress, type Run, type Tried, tryTarget } from './try-target.ts'

/** What became of a call, before it is settled. */
export interface Ran {
  /** Of the last attempt. */
  readonly target: Target
  readonly status: number
  readonly usage: Readonly<Record<string, number>>
  readonly flags: readonly CallFlag[]
  readonly attempts: number
  readonly firstOutputMs: number | undefined
  /** What came whole; of a stream its last event. */
  readonly answer: Uint8Array | undefined
  /** Sends the end of the answer, once it is settled. */
  readonly finish: (charged: number) => void
}

/** Tries the targets in their order until one answers. Returns and never throws: bytes may be out, and have to be paid for. */
export async function runTargets(run: Run): Promise<Ran> {
  const { request, call, order, priced, hold, sink, health, limits, clock, logger } = run
  const startedMs = clock.monotonic()
  const progress: Progress = { startedMs, attempts: 0, firstOutputMs: undefined, canGrow: true }
  let last: { target: Target; fault: AttemptFault; retryAfterMs?: number | undefined } | undefined
  const usage: Record<string, number> = {}
  const flags = new Set<CallFlag>()
  const silence = call.isStream
    ? setInterval(() => {
        const [first] = order
        if (progress.firstOutputMs !== undefined || first === undefined) return
        sink.begin(headersOf(first.target, progress))
        void sink.write(': waiting for the model\n\n')
      }, limits.silenceMs)
    : undefined

  /** Counts what an attempt costs. */
  function meter(price: CallPrice, seen: Seen): void {
    const { cost, usage: used, isEstimated } = price.of(seen)
    hold.meter(microCredits(cost))
    for (const unit in used) usage[unit] = (usage[unit] ?? 0) + (used[unit as Unit] ?? 0)
    if (isEstimated) flags.add('estimated')
  }

  function ended(target: Target, status: number, finish: Ran['finish'], answer?: Uint8Array): Ran {
    clearInterval(silence)
    if (sink.gone.aborted) flags.add('client_gone')
    const { attempts, firstOutputMs } = progress
    if (attempts > 1 && !flags.has('hedged')) flags.add('fallback')
    return { target, status, usage, flags: [...flags], attempts, firstOutputMs, answer, finish }
  }

  const isFinal = (tried: Tried | undefined) => tried?.result.kind === 'answered' || tried?.result.kind === 'refused'

  /** What came of a target and, where that took too long, of the one behind it: the one that counts last. */
  async function tryNext(left: Target[]): Promise<readonly (Tried | undefined)[]> {
    const target = left.shift()
    const { hedgeMs } = run
    if (target === undefined) return []
    if (hedgeMs === undefined || call.isStream) return [await tryTarget(run, progress, target)]
    const most = priced.get(target)?.most ?? 0
    const { first, other } = await hedge<Tried | undefined>(
      [
        (unwanted) => tryTarget(run, progress, target, { unwanted }),
        async (unwanted) => {
          const next = left.shift()
          return next && (await tryTarget(run, progress, next, { besides: most, unwanted }))
        },
      ],
      { waitMs: hedgeMs, clock, isFinal },
    )
    if (other !== undefined) flags.add('hedged')
    return isFinal(first) && !(isFinal(other) && first?.isUnwanted) ? [other, first] : [first, other]
  }

  const left = order.map(({ target }) => target)
  const waiting: (Tried | undefined)[] = []
  while (left.length + waiting.length > 0) {
    if (waiting.length === 0) waiting.push(...(await tryNext(left)))
    const tried = waiting.shift()
    if (tried === undefined) continue
    const { target, price, result, tookMs } = tried
    if (waiting.some(isFinal) && (tried.isUnwanted || isFinal(tried))) {
      // The slower of two: its provider bills what it has done, and what that is was not waited for.
      meter(price, 'seen' in result && result.seen !== undefined ? result.seen : nothingSeen)
      continue
    }
    switch (result.kind) {
      case 'answered': {
        const { body, contentType, seen } = result
        health.succeeded(target.key, call.isStream ? progress.firstOutputMs : tookMs)
        meter(price, seen)
        const finish = (charged: number) => {
          if (call.isStream) {
            sink.begin(headersOf(target, progress))
            void sink.write(`: core cost=${charged} target=${toHeaderText(target.id)}\n\n`)
            void sink.write(body)
            return sink.end()
          }
          const headers = {
            'content-type': contentType,
            'core-cost-micro-credits': String(charged),
            ...headersOf(target, progress),
          }
          sink.send(200, headers, body)
        }
        return ended(target, 200, finish, body)
      }
      case 'refused': {
        const { status, contentType, body } = result
        return ended(target, status, () => {
          if (!sink.hasBegun)
            return sink.send(
              status,
              { 'content-type': contentType, 'x-should-retry': 'false', ...headersOf(target, progress) },
              body,
            )
          void sink.write(
            toErrorEvent(
              request.dialect,
              new GatewayError('invalid_request', `the provider answered ${status}`),
              request.id,
            ),
          )
          sink.end()
        })
      }
      case 'broken': {
        noteFault(health, target.key, result.fault, undefined)
        flags.add('broken')
        meter(price, result.seen)
        const error = new GatewayError('provider_failed', `${target.id} ended the stream early`)
        return ended(target, 200, (charged) => {
          void sink.write(`: core cost=${charged} target=${target.id}\n\n`)
          if (!result.hasErrorEvent) void sink.write(toErrorEvent(request.dialect, error, request.id))
          sink.end()
        })
      }
      case 'failed':
        noteFault(health, target.key, result.fault, result.retryAfterMs)
        logger.warn({ call: request.id, target: target.id, reason: result.fault }, 'a model call failed')
        if (result.seen !== undefined) meter(price, result.seen)
        last = { target, ...result }
        continue
      default:
        result satisfies never
    }
  }

  const target = last?.target ?? order[0]?.target
  if (target === undefined) throw new Error('a call without targets was begun')
  const error = toFailure(last, progress.attempts)
  return ended(target, error.status, () => {
    if (sink.hasBegun) {
      void sink.write(toErrorEvent(request.dialect, error, request.id))
      return sink.end()
    }
    const headers = { 'content-type': 'application/json', ...toErrorHeaders(error), ...headersOf(target, progress) }
    sink.send(error.status, headers, JSON.stringify(toErrorBody(request.dialect, error, request.id)))
  })
}
