import { silentLogger, systemClock } from '@core/foundation'
import { defaultLimits } from './attempt.ts'
import { serveCached } from './cached-call.ts'
import type { ModelRequest, RouterDependencies } from './call.ts'
import type { Chosen } from './choose-targets.ts'
import { continueResponse } from './continue-response.ts'
import { copyAnswer } from './copy-answer.ts'
import { toGatewayError } from './denial.ts'
import { createDirectCalls, type DirectCalls } from './direct-calls.ts'
import { failCall } from './fail-call.ts'
import { serveIdempotently } from './idempotent-call.ts'
import { createPlanner } from './plan-targets.ts'
import { defaultMaxOutputTokens, type ModelCall } from './read-request.ts'
import { resolveCall } from './resolve-call.ts'
import { createRouteFinder } from './route-finder.ts'
import { type FoundRoute, findRoute } from './routing.ts'
import { serveCall } from './serve-call.ts'
import type { Sink } from './sink.ts'
import { createTargetHealth, type TargetHealth } from './target-health.ts'
import { mostCopiedLength, toContent } from './to-content.ts'

export interface Router extends DirectCalls {
  /** Serves one call: one hold, one settle, whatever the attempts. Resolves when both are done; never rejects. */
  proxy(request: ModelRequest, sink: Sink): Promise<void>
  /** Which targets a call of this name would try now, and why. Undefined where the name leads nowhere. */
  explain(project: string, name: string): Promise<Explained | undefined>
  readonly health: TargetHealth
}

export interface Explained extends Chosen, Pick<FoundRoute, 'missing'> {
  readonly policy: FoundRoute['policy']
}

const routerDefaults = { ...defaultLimits, coolingWaitMs: 2_000, silenceMs: 10_000, settleMs: 5_000 }

/** Routes model calls: each is one hold and one settle on the ledger of its caller. */
export function createRouter(dependencies: RouterDependencies): Router {
  const { clock = systemClock, random = Math.random, logger = silentLogger, onCall = () => {}, answers } = dependencies
  const limits = { ...routerDefaults, ...dependencies.limits }
  const health = createTargetHealth(clock, dependencies.onCool)
  const planner = createPlanner(dependencies, { health, clock, random, limits })
  const find = createRouteFinder()
  const service = { dependencies, planner, health, limits, clock, logger }

  async function proxy(request: ModelRequest, sink: Sink): Promise<void> {
    const { cache, onContent, routing, refresh } = dependencies
    const serve = async (to: Sink) => {
      const asked = await resolveCall(request, { routing, refresh, find })
      const { previousResponse, isKept } = asked.call
      const resolved =
        previousResponse === undefined ? asked : await continueResponse(asked, previousResponse, dependencies)
      const copy = onContent && resolved.found.policy.log === 'content' ? copyAnswer(to, mostCopiedLength) : undefined
      const out = copy?.sink ?? to
      const call = (sink: Sink) => serveCall(resolved, sink, service)
      // One id for two conversations would be neither's.
      const isCached = cache !== undefined && request.cacheSeconds !== undefined && !(isKept && dependencies.responses)
      const record = await (isCached ? serveCached(resolved, out, cache, service, call) : call(out))
      onCall(record)
      if (copy !== undefined) onContent?.(toContent(request, record, copy.taken()))
    }
    try {
      if (answers === undefined || request.caller.idempotencyKey === undefined) return await serve(sink)
      await serveIdempotently(request, sink, { answers, logger }, serve)
    } catch (error) {
      const known = toGatewayError(error)
      if (known.fault === 'internal') logger.error({ err: error, call: request.id }, 'a model call failed')
      failCall(request, sink, known)
    }
  }

  return {
    health,
    proxy,
    ...createDirectCalls(proxy),
    async explain(project, name) {
      const found = findRoute(await dependencies.routing(project), project, name)
      if (found === undefined) return undefined
      const call = { ...exampleCall, model: name }
      const { order, skipped } = await planner.plan({ project, found, call, dialect: 'openai', sticky: undefined })
      return { order, skipped, policy: found.policy, missing: found.missing }
    },
  }
}

const exampleCall: Omit<ModelCall, 'model'> = {
  operation: 'chat',
  isStream: false,
  maxOutputTokens: defaultMaxOutputTokens,
  isLimited: false,
  count: 1,
  inputTokens: 1_000,
  seconds: 0,
  user: undefined,
  sticky: undefined,
  wantsUsage: false,
  tier: undefined,
  streamOptions: {},
  needs: new Set(),
}
