import { callable, claimRelease, claimRenew, claimTake, type DeniedOf } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, type Clock, CoreError, type Logger, uuidv7 } from '@core/foundation'
import { type Held, holdUntilDisposed } from './hold-until-disposed.ts'

export interface ClaimOptions {
  /** Default `exclusive`; shared claims overlap each other freely. */
  mode?: 'exclusive' | 'shared' | undefined
  /** Seconds until it is over unless it is renewed, 1 to 86,400; default 60. It is renewed at a third of that. */
  ttlSeconds?: number | undefined
  /** The project that owns the path, where another one shares it. */
  owner?: string | undefined
}

/** A claim that the session holds. It ends with the session, too. */
export interface HeldClaim extends Held {
  /** The path it covers, without `/**`. */
  readonly resource: string
}

export interface ClaimDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly project: string | undefined
  readonly session: { readonly id: string; readonly signal: AbortSignal }
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Claims a resource path for a session and keeps it until it is disposed.
 * @throws CoreError E_CONFLICT: claim_held with its holder, session_ended, or bound_reached.
 */
export async function takeClaim(
  { database, project, session, clock, logger }: ClaimDependencies,
  resource: string,
  { mode = 'exclusive', ttlSeconds = 60, owner = project }: ClaimOptions = {},
  options: CallOptions = {},
): Promise<HeldClaim> {
  const [take, renew, release] = [
    callable(database, claimTake),
    callable(database, claimRenew),
    callable(database, claimRelease),
  ]
  const since = clock.monotonic()
  const answer = await take(
    { key: uuidv7(), session: session.id, resource, mode, ttlS: ttlSeconds, project: owner },
    options,
  )
  if (!answer.ok) throw toConflict(answer)
  const { resource: path, fence } = answer
  const held = holdUntilDisposed(
    { clock, logger },
    {
      what: `the claim on ${path}`,
      fence,
      ttlSeconds,
      since,
      lostReason: 'claim_lost',
      renew: async (within) => (await renew({ resource: path, fence, ttlS: ttlSeconds, project: owner }, within)).ok,
      release: (within) => release({ resource: path, fence, project: owner }, within),
    },
  )
  return { resource: path, ...held, signal: AbortSignal.any([held.signal, session.signal]) }
}

function toConflict(answer: DeniedOf<typeof claimTake>): CoreError {
  if (answer.code === 'claim_held') {
    const { code, resource, holder, session, fence } = answer
    return new CoreError('E_CONFLICT', `${resource} is claimed by a session of ${holder}`, {
      fix: 'Work on something else, or try again when that claim has ended.',
      details: { reason: code, resource, holder, session, fence },
    })
  }
  if (answer.code === 'session_ended') {
    return new CoreError('E_CONFLICT', 'the session has ended', { details: { reason: answer.code } })
  }
  return new CoreError('E_CONFLICT', `the project has ${answer.limit} ${answer.bound}, which is the most it may`, {
    fix: 'Release some, or wait until their time is over.',
    details: { reason: answer.code, bound: answer.bound, limit: answer.limit },
  })
}
