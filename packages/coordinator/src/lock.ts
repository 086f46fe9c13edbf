import { hostname } from 'node:os'
import { callable, lockAcquire, lockRelease, lockRenew } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, type Clock, CoreError, type Logger, uuidv7 } from '@core/foundation'

export interface LockOptions {
  /** Seconds until a dead holder loses it, 1 to 86,400; default 30. It is renewed at a third of that. */
  ttlSeconds?: number | undefined
  /** The project that owns the lock, where another one shares it. */
  owner?: string | undefined
}

/** A lock that this process holds. Disposing it releases it. */
export interface HeldLock extends AsyncDisposable {
  readonly name: string
  /** Greater than that of every holder before. What is written under the lock carries it, so that a late write is refused. */
  readonly fence: number
  /** Aborts when the lock is lost, and before another process can have it. */
  readonly signal: AbortSignal
}

export interface LockDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly project: string | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** Part of its time after which a lock that was not renewed is given up here, before the database gives it to another. */
const trusted = 0.9
const releaseLimitMs = 2_000

/** Acquires a lock and keeps it until it is disposed; undefined where another one holds it. */
export async function acquireLock(
  { database, project, clock, logger }: LockDependencies,
  name: string,
  { ttlSeconds = 30, owner = project }: LockOptions = {},
  options: CallOptions = {},
): Promise<HeldLock | undefined> {
  const renew = callable(database, lockRenew)
  const holder = `${hostname()}:${process.pid}:${uuidv7()}`
  let heldSince = clock.monotonic()
  const answer = await callable(database, lockAcquire)({ name, holder, ttlS: ttlSeconds, project: owner }, options)
  if (!answer.ok && answer.code === 'lock_held') return undefined
  if (!answer.ok) {
    throw new CoreError('E_CONFLICT', `the project holds ${answer.limit} locks, which is the most it may`, {
      details: { reason: answer.code, limit: answer.limit },
    })
  }
  const { fence } = answer
  const ending = new AbortController()
  const lost = new AbortController()
  const lose = () =>
    lost.abort(
      new CoreError('E_CONFLICT', `the lock ${name} is lost`, { details: { reason: 'lock_lost', name, fence } }),
    )

  async function keep(): Promise<void> {
    const everyMs = (ttlSeconds * 1000) / 3
    for (let isFailing = false; !ending.signal.aborted && !lost.signal.aborted; ) {
      const leftMs = ttlSeconds * 1000 * trusted - (clock.monotonic() - heldSince)
      const pauseMs = Math.max(0, Math.min(isFailing ? everyMs / 10 : everyMs, leftMs))
      await clock.sleep(pauseMs, { signal: ending.signal, unref: true }).catch(() => undefined)
      if (ending.signal.aborted) return
      const sentAt = clock.monotonic()
      if (sentAt - heldSince >= ttlSeconds * 1000 * trusted) return lose()
      try {
        const timeoutMs = Math.max(1, ttlSeconds * 1000 * trusted - (sentAt - heldSince))
        const renewed = await renew(
          { name, fence, ttlS: ttlSeconds, project: owner },
          { signal: ending.signal, timeoutMs },
        )
        if (!renewed.ok) return lose()
        heldSince = sentAt
        isFailing = false
      } catch (err) {
        if (!isFailing && !ending.signal.aborted) logger.warn({ lock: name, err }, 'a lock could not be renewed')
        isFailing = true
      }
    }
  }

  const keeping = keep()
  return {
    name,
    fence,
    signal: lost.signal,
    async [Symbol.asyncDispose]() {
      ending.abort()
      await keeping
      lost.abort(new CoreError('E_CLOSED', `the lock ${name} was released`))
      await callable(database, lockRelease)({ name, fence, project: owner }, { timeoutMs: releaseLimitMs }).catch(
        (err: unknown) => logger.warn({ lock: name, err }, 'a lock could not be released; it ends by its time'),
      )
    },
  }
}
