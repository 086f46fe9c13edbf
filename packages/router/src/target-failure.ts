import type { AttemptFault } from './attempt.ts'
import { GatewayError } from './gateway-error.ts'
import type { Target } from './routing.ts'
import type { TargetHealth } from './target-health.ts'

/** Remembers a fault of a target, so that it is left alone for a while. */
export function noteFault(
  health: TargetHealth,
  id: string,
  fault: AttemptFault,
  retryAfterMs: number | undefined,
): void {
  if (fault === 'rate_limited') health.rateLimited(id, retryAfterMs)
  else if (fault === 'auth') health.refused(id)
  else health.failed(id)
}

/** What the client is answered where no target has answered; `last` is the one that was tried last. */
export function toFailure(
  last: { fault: AttemptFault; target: Target; retryAfterMs?: number | undefined } | undefined,
  attempts: number,
): GatewayError {
  if (last === undefined)
    return new GatewayError('rate_limited', 'no target of this model takes another call now', { retryAfterMs: 1_000 })
  const { fault, target, retryAfterMs } = last
  const count = attempts === 1 ? '' : `, after ${attempts} attempts`
  if (fault === 'rate_limited')
    return new GatewayError('rate_limited', `${target.id} takes no more calls now${count}`, {
      retryAfterMs: retryAfterMs ?? 10_000,
    })
  const words = {
    auth: 'cannot be called: the key that is set for its provider is missing, malformed or refused',
    unavailable: 'failed',
    timeout: 'took too long',
    malformed: 'answered in a form that it does not document',
  }
  return new GatewayError(
    fault === 'timeout' ? 'unavailable' : 'provider_failed',
    `${target.id} ${words[fault]}${count}`,
    fault === 'timeout' ? { retryAfterMs: 1_000 } : {},
  )
}
