import { type Clock, CoreError, type Logger } from '@core/foundation'
import { type HoldWorkOutcome, microCredits, withHold } from '@core/ledger'
import type { AttemptLimits } from './attempt.ts'
import type { CallFlag, CallRecord, RouterDependencies, RouterLimits } from './call.ts'
import { callLedgerOf } from './call-ledger.ts'
import { isDenied, toDenial, toGatewayError } from './denial.ts'
import { failCall } from './fail-call.ts'
import { keepResponse } from './keep-response.ts'
import type { Planner } from './plan-targets.ts'
import { accountOf, holdKeyOf, type ResolvedCall } from './resolve-call.ts'
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
export async function serveCall(resolved: ResolvedCall, sink: Sink, service: CallService): Promise<CallRecord> {
  const { dependencies, planner, health, limits, clock, logger } = service
  const startedMs = clock.monotonic()
  const { request, call, form, found, facts } = resolved
  const { caller } = request
  const { project, subject, tags } = caller
  const known = accountOf(resolved)
  const account = known instanceof Promise ? await known : known
  const planning = planner.planSoon({
    project,
    found,
    call,
    dialect: request.dialect,
    sticky: caller.session ?? call.sticky,
  })
  const planned = planning instanceof Promise ? await planning : planning
  let settleUntilMs = Number.POSITIVE_INFINITY
  let ran: Ran | undefined
  let keeping: Promise<void> | undefined
  const attempt = async (order: typeof planned.order): Promise<HoldWorkOutcome<Ran>> => {
    const [first] = order
    const price = first && planned.priced.get(first.target)
    if (first === undefined || price === undefined) throw new CoreError('E_INTERNAL', 'a chosen target has no price')
    const known = { ...facts, target: first.target.id, model: first.target.model, floor: price.floor }
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
      callLedgerOf(resolved, dependencies, { settleFacts, isSettleLate: () => clock.monotonic() >= settleUntilMs }),
      {
        account,
        max: microCredits(price.most),
        over: 'overflow',
        ttlSeconds: holdSeconds,
        // What its row in the log needs, should this process not live to write it.
        metadata: { ...known, account, subject },
        key: holdKeyOf(request),
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
          const { responses } = dependencies
          if (call.isKept && responses) keeping = keepResponse(resolved, ran, { responses, logger })
        } finally {
          // Work that has begun is paid for, also with nothing; and the client is not kept waiting by a database that is away.
          if (!hold.metered) hold.meter(microCredits(0))
          settleUntilMs = clock.monotonic() + limits.settleMs
        }
        return ran
      },
    )
    if (outcome.status === 'unsettled')
      await dependencies.keepUnsettled({ project, subject, settle: { ...outcome.settle, metadata: settleFacts() } })
    return outcome
  }

  /** What is charged is in the log, whatever becomes of its answer. */
  function send(value: Ran, charged: number): boolean {
    try {
      value.finish(charged)
      return true
    } catch (error) {
      logger.error({ err: error, call: request.id }, 'the answer of a call that is charged could not be sent')
      failCall(request, sink, toGatewayError(error))
      return false
    }
  }

  let outcome = await attempt(planned.order)
  if (isDenied(outcome) && found.policy.whenLow === 'cheaper') {
    const cheaper = [...planned.order].sort((a, b) => a.price - b.price)
    if (cheaper[0] !== planned.order[0]) outcome = await attempt(cheaper)
  }
  if (outcome.status !== 'done' && outcome.status !== 'unsettled') throw toDenial(outcome)
  const { value } = outcome
  const charged = outcome.status === 'done' ? outcome.charged : outcome.metered
  // Beside the settle: a client that reads its id may name it at once.
  if (keeping !== undefined) await keeping
  const isOut = send(value, charged)
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
    status: isOut ? value.status : 500,
    usage: value.usage,
    charged,
    flags: [...value.flags, ...endOf(outcome)],
    attempts: value.attempts,
    firstOutputMs: value.firstOutputMs ?? null,
    totalMs: Math.round(clock.monotonic() - startedMs),
  }
}

function endOf(outcome: Extract<HoldWorkOutcome<Ran>, { value: Ran }>): readonly CallFlag[] {
  if (outcome.status === 'unsettled') return ['unsettled']
  return outcome.uncollected > 0 ? ['uncollected'] : []
}
