import type { Clock } from '@core/foundation'
import type { Prices } from '@core/providers/price'
import type { RouterDependencies, RouterLimits } from './call.ts'
import { type Candidate, type Chosen, chooseTargets, type Skipped } from './choose-targets.ts'
import { GatewayError } from './gateway-error.ts'
import { type CallPrice, priceCall } from './price-call.ts'
import type { ModelCall } from './read-request.ts'
import type { Dialect, FoundRoute, RoutePolicy, Target } from './routing.ts'
import type { TargetHealth } from './target-health.ts'

export interface Planned extends Chosen {
  readonly priced: ReadonlyMap<Target, CallPrice>
  readonly at: Date
}

export interface PlanRequest {
  readonly project: string
  readonly found: FoundRoute
  readonly call: ModelCall
  readonly dialect: Dialect
  readonly sticky: string | undefined
}

export interface Planner {
  /** Which targets a call would try now; at once where the prices are known. */
  plan(request: PlanRequest): Planned | Promise<Planned>
  /** The same, after a short wait where all of them cool. @throws GatewayError where none can serve it. */
  planSoon(request: PlanRequest): Planned | Promise<Planned>
}

export function createPlanner(
  { prices, transports, refresh }: Pick<RouterDependencies, 'prices' | 'transports' | 'refresh'>,
  {
    health,
    clock,
    random,
    limits,
  }: {
    readonly health: TargetHealth
    readonly clock: Clock
    readonly random: () => number
    readonly limits: RouterLimits
  },
): Planner {
  function plan(request: PlanRequest): Planned | Promise<Planned> {
    const book = prices(request.project)
    return book instanceof Promise ? book.then((read) => planBy(read, request)) : planBy(book, request)
  }

  function planBy(book: Prices, { found, call, dialect, sticky }: PlanRequest): Planned {
    const at = new Date(clock.now())
    const priced = new Map<Target, CallPrice>()
    const candidates = found.targets.map((target): Candidate => {
      const price = priceCall(book, target, call, dialect, at)
      if (price !== undefined) priced.set(target, price)
      const unfit =
        unfitOf(target, call, found.policy, transports) ??
        (price === undefined && call.searches ? 'it has no price, or none for searches of the web' : undefined)
      const { coolingMs, coolingReason, faults, firstOutputMs } = health.read(target.key)
      return { target, price: price?.most, coolingMs, coolingReason, faults, firstOutputMs, unfit }
    })
    const { order, skipped } = chooseTargets(candidates, { policy: found.policy, sticky, random })
    return { order, skipped, priced, at }
  }

  async function planLater(request: PlanRequest, planning: Planned | Promise<Planned>): Promise<Planned> {
    let planned = await planning
    if (planned.order.length > 0) return planned
    const mayHaveChanged = ({ target, retryAfterMs }: Skipped) =>
      retryAfterMs !== undefined || !planned.priced.has(target)
    if (refresh !== undefined && planned.skipped.some(mayHaveChanged)) {
      await refresh()
      planned = await plan(request)
      if (planned.order.length > 0) return planned
    }
    const soonestMs = Math.min(...planned.skipped.map(({ retryAfterMs = Number.POSITIVE_INFINITY }) => retryAfterMs))
    if (soonestMs <= limits.coolingWaitMs) {
      await clock.sleep(soonestMs + 1)
      const again = await plan(request)
      if (again.order.length > 0) return again
    }
    const [first] = planned.skipped
    if (Number.isFinite(soonestMs)) {
      const cooling = planned.skipped.filter(({ retryAfterMs }) => retryAfterMs !== undefined).slice(0, 3)
      const which = cooling.map(({ target, reason }) => `${target.id} (${reason})`).join(', ')
      throw new GatewayError('unavailable', `no target takes a call now: ${which}`, { retryAfterMs: soonestMs })
    }
    const isUntranslated =
      planned.skipped.length > 0 &&
      planned.skipped.every(({ target: { provider } }) => transports(provider, request.call.operation) === undefined)
    throw new GatewayError(
      isUntranslated ? 'not_implemented' : 'unsupported',
      `${first?.target.id ?? 'the route'} cannot serve this: ${first?.reason ?? `there is no provider ${request.found.missing[0] ?? 'for it'}`}`,
      { param: 'model' },
    )
  }

  return {
    plan,
    planSoon(request) {
      const planned = plan(request)
      return planned instanceof Promise || planned.order.length === 0 ? planLater(request, planned) : planned
    },
  }
}

/** Why a target cannot serve a call at all. */
function unfitOf(
  { provider, contextTokens, takes }: Target,
  { operation, inputTokens, maxOutputTokens, isLimited, needs }: ModelCall,
  { region }: RoutePolicy,
  transports: RouterDependencies['transports'],
): string | undefined {
  if (transports(provider, operation) === undefined) return `${operation} is not translated for it: only chats are`
  if (region !== undefined && provider.region !== region) return `it is not in the region ${region}`
  // What was not asked for may be shorter than is assumed for its price.
  const tokens = inputTokens + (isLimited ? maxOutputTokens : 0)
  if (contextTokens !== undefined && tokens > contextTokens)
    return `its context holds ${contextTokens} tokens, and about ${tokens} are needed`
  const missing = takes && [...needs].find((need) => !takes.includes(need))
  return missing === undefined ? undefined : `it takes no ${missing}`
}
