import { type Clock, CoreError, type Logger } from '@core/foundation'
import { type HoldWorkOutcome, microCredits, withHold } from '@core/ledger'
import type { AttemptLimits } from './attempt.ts'
import type { CallFlag, CallRecord, ModelRequest, RouterDependencies, RouterLimits } from './call.ts'
import { isDenied, toDenial } from './denial.ts'
import { GatewayError } from './gateway-error.ts'
import type { Planner } from './plan-targets.ts'
import { readBody } from './read-body.ts'
import { reserveOnce } from './reserve-once.ts'
import { type FoundRoute, findRoute } from './routing.ts'
import { type Ran, runTargets } from './run-targets.ts'
import type { Sink } from './sink.ts'
import type { TargetHealth } from './target-health.ts'

/** What serves calls, made once per router. */
export interface CallService {
  readonly dependencies: RouterDependencies
  readonly planner: Planner
  readonly health: TargetHealth
  readonly limits: AttemptLimits & RouterLimits
  readonly clock: Clock
  readonly logger: Logger
}

const holdSeconds = 120

/**
 * Serves one call: one hold and one settle, whatever the attempts. Resolves when the answer is out.
 * @throws GatewayError for what is refused before anything is sent; other errors for what the gateway fails at.
 */
export async function serveCall(request: ModelRequest, sink: Sink, service: CallService): Promise<CallRecord> {
  const { dependencies, planner, health, limits, clock, logger } = service
  const startedMs = clock.monotonic()
  const { caller } = request
  const { project, subject, tags } = caller
  const { call, form } = await readBody(request)
  const found = findRoute(await dependencies.routing(project), project, call.model)
  if (found === undefined) {
    throw new GatewayError(
      'model_not_found',
      `there is no model ${JSON.stringify(call.model)} here: name a route, or provider/model`,
      { param: 'model' },
    )
  }
  const account = await accountOf(request, found, call.user)
  const planned = await planner.planSoon({
    project,
    found,
    call,
    dialect: request.dialect,
    sticky: caller.session ?? call.sticky,
  })
  const facts = {
    call: request.id,
    route: found.route?.name ?? call.model,
    operation: call.operation,
    ...(call.user && { user: call.user }),
    ...(tags.length > 0 && { tags }),
  }
  const giveBack = (hold: string) =>
    dependencies.keepUnsettled({ project, subject, giveBack: { hold, reason: 'the call was not made' } })
  const settling = new AbortController()
  let settleTimer: NodeJS.Timeout | undefined
  let ran: Ran | undefined
  const attempt = async (order: typeof planned.order): Promise<HoldWorkOutcome<Ran>> => {
    const [first] = order
    const price = first && planned.priced.get(first.target)
    if (first === undefined || price === undefined) throw new CoreError('E_INTERNAL', 'a chosen target has no price')
    const known = { ...facts, target: first.target.id, model: first.target.model, floor: price.floor }
    const ledger = {
      ...caller.ledger,
      // Without the signal, which only ends the waiting for the settle.
      reserve: (input: Parameters<typeof caller.ledger.reserve>[0]) =>
        reserveOnce({ ledger: caller.ledger, giveBack }, input),
      settle: (input: Parameters<typeof caller.ledger.settle>[0]) =>
        caller.ledger.settle({ ...input, metadata: settleFacts() }),
    }
    const settleFacts = () => ({
      ...known,
      ...(ran && {
        target: ran.target.id,
        model: ran.target.model,
        provider: ran.target.provider.name,
        ...(ran.flags.length > 0 && { flags: [...ran.flags] }),
      }),
    })
    const outcome = await withHold(
      ledger,
      {
        account,
        max: microCredits(price.most),
        over: 'overflow',
        ttlSeconds: holdSeconds,
        // What its row in the log needs, should this process not live to write it.
        metadata: { ...known, account, subject },
        key: caller.idempotencyKey === undefined ? request.id : `model:${caller.idempotencyKey}`,
      },
      async (hold) => {
        try {
          ran = await runTargets({
            request,
            form,
            call,
            order,
            priced: planned.priced,
            hold,
            sink,
            health,
            limits,
            clock,
            transports: dependencies.transports,
            logger,
            hedgeMs: found.policy.hedgeMs,
          })
        } finally {
          // Work that has begun is paid for, also with nothing; and the client is not kept waiting by a database that is away.
          if (!hold.metered) hold.meter(microCredits(0))
          settleTimer = setTimeout(() => settling.abort(), limits.settleMs)
        }
        return ran
      },
      { signal: settling.signal },
    )
    if (outcome.status === 'unsettled')
      await dependencies.keepUnsettled({ project, subject, settle: { ...outcome.settle, metadata: settleFacts() } })
    return outcome
  }
  let outcome: HoldWorkOutcome<Ran>
  try {
    outcome = await attempt(planned.order)
    if (isDenied(outcome) && found.policy.whenLow === 'cheaper') {
      const cheaper = [...planned.order].sort((a, b) => a.price - b.price)
      if (cheaper[0] !== planned.order[0]) outcome = await attempt(cheaper)
    }
  } finally {
    clearTimeout(settleTimer)
  }
  if (outcome.status !== 'done' && outcome.status !== 'unsettled') throw toDenial(outcome)
  const { value } = outcome
  const charged = outcome.status === 'done' ? outcome.charged : outcome.metered
  value.finish(charged)
  return {
    call: request.id,
    project,
    subject,
    account,
    tags,
    at: planned.at,
    hold: outcome.hold,
    operation: call.operation,
    route: facts.route,
    target: value.target.id,
    model: value.target.model,
    user: call.user ?? null,
    status: value.status,
    usage: value.usage,
    charged,
    flags: [...value.flags, ...endOf(outcome)],
    attempts: value.attempts,
    firstOutputMs: value.firstOutputMs ?? null,
    totalMs: Math.round(clock.monotonic() - startedMs),
  }
}

/** Whose credits it spends: of its end user or its tag where the route gives those accounts, else the caller's. */
async function accountOf(
  { caller }: ModelRequest,
  { policy: { endUsers, tagAccounts } }: FoundRoute,
  user: string | undefined,
): Promise<string> {
  if (endUsers !== undefined && user !== undefined) {
    const { period, limit } = endUsers
    const { project } = caller
    const ensured = await caller.ledger.ensureUser({ user, period, limit: microCredits(limit), project })
    if (ensured.status === 'ensured') return ensured.account
    throw toDenial(ensured)
  }
  const tag = tagAccounts && caller.tags.find((one) => one.startsWith(`${tagAccounts.prefix}:`))
  if (tagAccounts === undefined || tag === undefined) return caller.account
  if (caller.ledger.ensureTag === undefined) throw new GatewayError('not_implemented', 'tags have no accounts here')
  const ensured = await caller.ledger.ensureTag({ tag, period: tagAccounts.period, limit: tagAccounts.limit })
  if (ensured.status === 'ensured') return ensured.account
  throw toDenial(ensured)
}

function endOf(outcome: Extract<HoldWorkOutcome<Ran>, { value: Ran }>): readonly CallFlag[] {
  if (outcome.status === 'unsettled') return ['unsettled']
  return outcome.uncollected > 0 ? ['uncollected'] : []
}
