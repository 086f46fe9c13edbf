import { microCredits, withHold } from '@core/ledger'
import type { CachedAnswer } from './answer-cache.ts'
import type { CallRecord } from './call.ts'
import { callLedgerOf } from './call-ledger.ts'
import { toDenial } from './denial.ts'
import { accountOf, holdKeyOf, type ResolvedCall } from './resolve-call.ts'
import type { CallService } from './serve-call.ts'

const holdSeconds = 120
const wholeBasisPoints = 10_000

/**
 * Charges an answer from the cache: `hitBasisPoints` of what its call cost, rounded up. Where that is nothing, the ledger is not asked.
 * @throws GatewayError where the credits are not enough.
 */
export async function chargeHit(
  resolved: ResolvedCall,
  { cost, target, model }: CachedAnswer,
  { dependencies, limits, clock }: CallService,
): Promise<CallRecord> {
  const startedMs = clock.monotonic()
  const at = new Date(clock.now())
  const { request, call, found, facts } = resolved
  const { project, subject, tags } = request.caller
  const account = await accountOf(resolved)
  const price = Math.ceil((cost * (found.policy.hitBasisPoints ?? 0)) / wholeBasisPoints)
  const record = {
    call: request.id,
    project,
    at,
    subject,
    account,
    operation: call.operation,
    route: facts.route,
    target,
    model,
    user: call.user ?? null,
    tags,
    status: 200,
    usage: {},
    attempts: 0,
    firstOutputMs: null,
  }
  const tookMs = () => Math.round(clock.monotonic() - startedMs)
  if (price === 0) return { ...record, hold: null, charged: 0, flags: ['cached'], totalMs: tookMs() }
  const metadata = { ...facts, target, model, flags: ['cached'] }
  const untilMs = clock.monotonic() + limits.settleMs
  const outcome = await withHold(
    callLedgerOf(resolved, dependencies, {
      settleFacts: () => metadata,
      isSettleLate: () => clock.monotonic() >= untilMs,
    }),
    {
      account,
      max: microCredits(price),
      ttlSeconds: holdSeconds,
      metadata: { ...metadata, floor: price, account, subject },
      key: holdKeyOf(request),
    },
    async (hold) => hold.meter(microCredits(price)),
  )
  if (outcome.status !== 'done' && outcome.status !== 'unsettled') throw toDenial(outcome)
  const isUnsettled = outcome.status === 'unsettled'
  if (isUnsettled) await dependencies.keepUnsettled({ project, subject, settle: { ...outcome.settle, metadata } })
  return {
    ...record,
    hold: outcome.hold,
    charged: isUnsettled ? outcome.metered : outcome.charged,
    flags: isUnsettled ? ['cached', 'unsettled'] : ['cached'],
    totalMs: tookMs(),
  }
}
