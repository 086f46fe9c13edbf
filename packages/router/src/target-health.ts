import type { Clock } from '@core/foundation'
import type { TargetLimits } from './routing.ts'
import type { TargetQuota } from './target-quota.ts'

/** How targets do, in this process: faults, cooling, latency and what is in flight. */
export interface TargetHealth {
  read(id: string): TargetState
  /** A place for one call, or why there is none now. Dispose it when the call has ended. */
  enter(id: string, limits: TargetLimits | undefined, tokens: number): Disposable | { readonly full: string }
  succeeded(id: string, firstOutputMs: number | undefined): void
  /** The provider failed: it is cooled after 5 faults in 30 s. */
  failed(id: string): void
  /** Too many requests are no fault, and are waited for. */
  rateLimited(id: string, retryAfterMs: number | undefined): void
  /** The provider refuses the key. */
  refused(id: string): void
  /** What the provider says is left of its limits. */
  informed(id: string, quota: TargetQuota): void
  /** Cools a target, as another process found. */
  cool(id: string, ms: number, reason: string): void
  /** Ends a cooling whose reason is gone. */
  release(id: string): void
}

export interface TargetState {
  readonly coolingMs: number
  readonly coolingReason: string | undefined
  readonly faults: number
  readonly firstOutputMs: number | undefined
}

/** Why a target is left alone: it takes no more calls now, refuses the key, or fails. */
export const coolingReasons = ['rate_limited', 'auth', 'faults'] as const

export interface Cooled {
  readonly target: string
  readonly ms: number
  readonly reason: (typeof coolingReasons)[number]
}

interface State {
  coolUntil: number
  coolingReason: string | undefined
  /** The length of the next cooling by faults. */
  backoffMs: number
  /** After a cooling one call is let through until it has ended. */
  probing: 'no' | 'due' | 'under way'
  faults: number[]
  firstOutputMs: number | undefined
  measuredAt: number
  inFlight: number
  /** What the provider seems to take at once: halved when it refuses, one more per success; without bound before. */
  window: number
  quota: (TargetQuota & { readonly until: number }) | undefined
  minuteAt: number
  requests: number
  tokens: number
}

/** Of one call in flight. */
class Place implements Disposable {
  readonly #state: State
  #isOpen = true

  constructor(state: State) {
    this.#state = state
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#state.inFlight -= 1
    // A probe that was neither a success nor a fault says nothing: the next call is one.
    if (this.#state.probing === 'under way') this.#state.probing = 'due'
  }
}

const recentMs = 30_000
const shortestMs = 30_000
const longestMs = 300_000
const defaultRetryAfterMs = 10_000
const maxFaults = 5
const minuteMs = 60_000
const defaultInFlight = 1_000
/** Targets that are remembered, at most. */
const maxTargets = 10_000

export function createTargetHealth(clock: Clock, onCool: (cooled: Cooled) => void = () => {}): TargetHealth {
  const states = new Map<string, State>()

  function stateOf(id: string): State {
    const known = states.get(id)
    if (known !== undefined) return known
    if (states.size >= maxTargets) states.delete(states.keys().next().value ?? '')
    const fresh: State = {
      coolUntil: 0,
      coolingReason: undefined,
      backoffMs: shortestMs,
      probing: 'no',
      faults: [],
      firstOutputMs: undefined,
      measuredAt: 0,
      inFlight: 0,
      window: Number.POSITIVE_INFINITY,
      quota: undefined,
      minuteAt: Number.NEGATIVE_INFINITY,
      requests: 0,
      tokens: 0,
    }
    states.set(id, fresh)
    return fresh
  }

  function cool(id: string, ms: number, reason: string): void {
    const state = stateOf(id)
    state.coolUntil = Math.max(state.coolUntil, clock.monotonic() + ms)
    state.coolingReason = reason
    state.probing = 'due'
  }

  function coolAndReport(id: string, ms: number, reason: Cooled['reason']): void {
    cool(id, ms, reason)
    onCool({ target: id, ms, reason })
  }

  function recent(times: readonly number[]): number[] {
    const from = clock.monotonic() - recentMs
    return times.filter((time) => time > from)
  }

  return {
    cool,
    read(id) {
      // Reading remembers nothing: names that are only asked about must not displace those that are called.
      const state = states.get(id)
      if (state === undefined) return { coolingMs: 0, coolingReason: undefined, faults: 0, firstOutputMs: undefined }
      return {
        coolingMs: Math.max(0, state.coolUntil - clock.monotonic()),
        coolingReason: state.coolingReason,
        faults: state.faults.length === 0 ? 0 : recent(state.faults).length,
        firstOutputMs: state.firstOutputMs,
      }
    },
    enter(id, limits = {}, tokens) {
      const state = stateOf(id)
      const now = clock.monotonic()
      if (state.coolUntil > now) return { full: `cooling: ${state.coolingReason}` }
      if (state.probing === 'under way') return { full: 'one call tries whether it works again' }
      const most = Math.min(limits.inFlight ?? defaultInFlight, Math.floor(state.window))
      if (state.inFlight >= most) return { full: `${state.inFlight} calls are in flight` }
      if (now - state.minuteAt >= minuteMs) Object.assign(state, { minuteAt: now, requests: 0, tokens: 0 })
      const { requestsPerMinute = Number.POSITIVE_INFINITY, tokensPerMinute = Number.POSITIVE_INFINITY } = limits
      // What is larger than the limit may go alone: it would never fit.
      const isOverTokens = state.tokens > 0 && state.tokens + tokens > tokensPerMinute
      if (state.requests >= requestsPerMinute || isOverTokens) return { full: 'its limit per minute is reached' }
      const { quota } = state
      if (quota !== undefined && quota.until > now) {
        const { requests = Number.POSITIVE_INFINITY, tokens: left = Number.POSITIVE_INFINITY } = quota
        // What is under way may not be counted yet in what the provider said.
        if (requests < 1 || left < tokens) return { full: 'the provider says that its limit is reached' }
        state.quota = { ...quota, requests: requests - 1, tokens: left - tokens }
      }
      state.requests += 1
      state.tokens += tokens
      state.inFlight += 1
      if (state.probing === 'due') state.probing = 'under way'
      return new Place(state)
    },
    informed(id, quota) {
      stateOf(id).quota = { ...quota, until: clock.monotonic() + quota.resetMs }
    },
    succeeded(id, firstOutputMs) {
      const state = stateOf(id)
      state.probing = 'no'
      state.backoffMs = shortestMs
      state.window += 1 / state.window
      if (firstOutputMs === undefined) return
      // Peak EWMA: a slow call counts at once, the memory of it halves in about 7 s.
      const now = clock.monotonic()
      const old = state.firstOutputMs ?? firstOutputMs
      const keep = Math.exp(-(now - state.measuredAt) / 10_000)
      state.firstOutputMs = firstOutputMs > old ? firstOutputMs : old * keep + firstOutputMs * (1 - keep)
      state.measuredAt = now
    },
    failed(id) {
      const state = stateOf(id)
      state.faults = [...recent(state.faults), clock.monotonic()].slice(-100)
      // Of a call that began before it cooled: what it says is known.
      if (state.coolUntil > clock.monotonic()) return
      if (state.probing !== 'under way' && state.faults.length < maxFaults) return
      coolAndReport(id, state.backoffMs, 'faults')
      state.backoffMs = Math.min(longestMs, state.backoffMs * 2)
    },
    rateLimited(id, retryAfterMs = defaultRetryAfterMs) {
      const state = stateOf(id)
      // Those that were under way together are refused together: it is halved once for them.
      if (state.coolUntil <= clock.monotonic()) state.window = Math.max(1, Math.min(state.window, state.inFlight) / 2)
      coolAndReport(id, Math.min(longestMs, Math.max(retryAfterMs, 1)), 'rate_limited')
    },
    refused: (id) => coolAndReport(id, longestMs, 'auth'),
    release(id) {
      const state = states.get(id)
      if (state !== undefined) Object.assign(state, { coolUntil: 0, probing: 'no' })
    },
  }
}
