import { hostname } from 'node:os'
import { callable, lockAcquire, lockRelease, lockRenew } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, type Clock, CoreError, type Logger, uuidv7 } from '@core/foundation'
import { type Held, holdUntilDisposed } from './hold-until-disposed.ts'

export interface LockOptions {
  /** Seconds until a dead holder loses it, 1 to 86,400; default 30. It is renewed at a third of that. */
  ttlSeconds?: number | undefined
  /** The project that owns the lock, where another one shares it. */
  owner?: string | undefined
}

/** A lock that this process holds. */
export interface HeldLock extends Held {
  readonly name: string
}

export interface LockDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly project: string | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** Acquires a lock and keeps it until it is disposed; undefined where another one holds it. */
export async function acquireLock(
  { database, project, clock, logger }: LockDependencies,
  name: string,
  { ttlSeconds = 30, owner = project }: LockOptions = {},
  options: CallOptions = {},
): Promise<HeldLock | undefined> {
  const [acquire, renew, release] = [
    callable(database, lockAcquire),
    callable(database, lockRenew),
    callable(database, lockRelease),
  ]
  const holder = `${hostname()}:${process.pid}:${uuidv7()}`
  const since = clock.monotonic()
  const answer = await acquire({ name, holder, ttlS: ttlSeconds, project: owner }, options)
  if (!answer.ok && answer.code === 'lock_held') return undefined
  if (!answer.ok) {
    throw new CoreError('E_CONFLICT', `the project holds ${answer.limit} locks, which is the most it may`, {
      details: { reason: answer.code, limit: answer.limit },
    })
  }
  const { fence } = answer
  const held = holdUntilDisposed(
    { clock, logger },
    {
      what: `the lock ${name}`,
      fence,
      ttlSeconds,
      since,
      lostReason: 'lock_lost',
      renew: async (within) => (await renew({ name, fence, ttlS: ttlSeconds, project: owner }, within)).ok,
      release: (within) => release({ name, fence, project: owner }, within),
    },
  )
  return { name, ...held }
}
