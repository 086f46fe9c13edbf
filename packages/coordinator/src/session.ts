import { hostname } from 'node:os'
import { callable, type DeniedOf, sessionBeat, sessionClose, sessionOpen } from '@core/api/functions'
import type { Database } from '@core/database'
import {
  type CallOptions,
  type Clock,
  CoreError,
  fullJitterMs,
  isCoreError,
  type Logger,
  uuidv7,
} from '@core/foundation'
import { type ClaimOptions, type HeldClaim, takeClaim } from './claim.ts'
import { hashFingerprint, readFingerprint } from './fingerprint.ts'
import { acquireLock, type HeldLock, type LockOptions } from './lock.ts'
import type { Messages } from './messages.ts'

export type SessionStatus = 'starting' | 'online' | 'degraded' | 'maintenance'

/** What a process reports of itself; requests and errors are those of the last minute. */
export interface SessionMetrics {
  requests?: number | undefined
  errors?: number | undefined
  p95Ms?: number | undefined
  targetP95Ms?: number | undefined
  backlog?: number | undefined
}

export interface JoinOptions {
  /** What sort of process this is. Default `worker`. */
  kind?: string | undefined
  /** For people. Default: host name and pid. */
  name?: string | undefined
  version?: string | undefined
  /** Default `online`. */
  status?: SessionStatus | undefined
  /** Seconds after a beat until the session ends, 3 to 3,600; default 45. Beats come at a third of it. */
  ttlSeconds?: number | undefined
  /** Read at each beat. */
  metrics?: (() => SessionMetrics) | undefined
  /** Identifies the process. Default: what the operating system says of it, else a random one. */
  fingerprint?: string | undefined
}

/** One session. It ends for good: a process that beats too late has another one from then on. */
export interface LiveSession {
  readonly id: string
  /** Greater than that of every session before it. */
  readonly fence: number
  /** Aborts when this session is over. */
  readonly signal: AbortSignal
}

/** A process among its siblings. Disposing it closes the session. */
export interface Member extends AsyncDisposable {
  /** The session of now. */
  readonly session: LiveSession
  /** Reports a status with the next beat, which is sent at once. */
  setStatus(status: SessionStatus, options?: CallOptions): Promise<void>
  /** Says that work got done: a process that beats for a minute without is shown as hung. */
  progress(): void
  /** The same as `coordinator.messages.send`. */
  readonly send: Messages['send']
  /** The same as `coordinator.messages.inbox`. */
  readonly inbox: Messages['inbox']
  /** Claims a resource path for the session of now and keeps it until it is disposed; E_CONFLICT names who has it. */
  claim(resource: string, options?: ClaimOptions, callOptions?: CallOptions): Promise<HeldClaim>
  /** The same as `coordinator.lock`. */
  lock(name: string, options?: LockOptions, callOptions?: CallOptions): Promise<HeldLock | undefined>
}

export interface SessionDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly project: string | undefined
  readonly messages: Pick<Messages, 'send' | 'inbox'>
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
}

const leaveLimitMs = 2_000

/**
 * Opens a session and keeps it alive in the background. One that was lost (the process was frozen, the database was away
 * for longer than ttlSeconds) is replaced by another.
 * @throws CoreError E_CONFLICT where this process has a live session already, or the project has 10,000.
 */
export async function joinProject(
  { database, project, messages, clock, logger, random }: SessionDependencies,
  options: JoinOptions = {},
  callOptions: CallOptions = {},
): Promise<Member> {
  const { kind = 'worker', ttlSeconds = 45, metrics = () => ({}), version } = options
  const fingerprint =
    options.fingerprint ?? readFingerprint(`${project}:${kind}`) ?? hashFingerprint([hostname(), uuidv7()])
  const [openSession, beatSession, closeSession] = [
    callable(database, sessionOpen),
    callable(database, sessionBeat),
    callable(database, sessionClose),
  ]
  const ending = new AbortController()
  let status = options.status ?? 'online'
  let progressAt = clock.monotonic()
  /** Of one opening: the same on each attempt, so that one whose answer was lost is not taken for another process. */
  let openKey = uuidv7()
  let current = await open(callOptions)
  let turn: Promise<void> = Promise.resolve()

  async function open(within: CallOptions): Promise<LiveSession & { end(reason: CoreError): void }> {
    const answer = await openSession(
      {
        key: openKey,
        fingerprint,
        kind,
        name: options.name ?? `${hostname()}:${process.pid}`,
        version,
        status,
        ttlS: ttlSeconds,
        project,
      },
      within,
    )
    if (!answer.ok) throw toConflict(answer)
    openKey = uuidv7()
    const lost = new AbortController()
    return { id: answer.session, fence: answer.fence, signal: lost.signal, end: (reason) => lost.abort(reason) }
  }

  /** One at a time: two that find the session ended would open two. */
  function beat(within: CallOptions): Promise<void> {
    const next = turn.then(() => sendBeat(within))
    turn = next.catch(() => undefined)
    return next
  }

  async function sendBeat(within: CallOptions): Promise<void> {
    const { id, end } = current
    const idleMs = Math.max(0, Math.floor(clock.monotonic() - progressAt))
    const args = { session: id, status, metrics: toFigures(metrics()), idleMs, project }
    const isAlive = await beatSession(args, within).then(
      ({ ok }) => ok,
      (error: unknown) => {
        if (isCoreError(error, 'E_NOT_FOUND')) return false
        throw error
      },
    )
    if (isAlive) return
    end(
      new CoreError('E_CONFLICT', `the session ${id} has ended`, { details: { reason: 'session_ended', session: id } }),
    )
    current = await open(within)
    logger.warn({ session: current.id, before: id }, 'the session had ended and was replaced by another one')
  }

  async function keep(): Promise<void> {
    const everyMs = (ttlSeconds * 1000) / 3
    for (let failures = 0; !ending.signal.aborted; ) {
      const pauseMs = failures === 0 ? everyMs : fullJitterMs(failures, { baseMs: 200, capMs: everyMs, random })
      await clock.sleep(pauseMs, { signal: ending.signal, unref: true }).catch(() => undefined)
      if (ending.signal.aborted) return
      try {
        await beat({ signal: ending.signal, timeoutMs: everyMs })
        if (failures > 0) logger.info({ session: current.id }, 'beats arrive again')
        failures = 0
      } catch (error) {
        if (ending.signal.aborted) return
        if (failures++ === 0) logger.warn({ session: current.id, err: error }, 'a beat failed')
      }
    }
  }

  const keeping = keep()
  return {
    get session() {
      return current
    },
    async setStatus(next, within = {}) {
      status = next
      await beat(within)
    },
    progress() {
      progressAt = clock.monotonic()
    },
    send: messages.send,
    inbox: messages.inbox,
    claim: (resource, claimOptions, within) =>
      takeClaim({ database, project, session: current, clock, logger }, resource, claimOptions, within),
    lock: (name, lockOptions, within) => acquireLock({ database, project, clock, logger }, name, lockOptions, within),
    async [Symbol.asyncDispose]() {
      ending.abort()
      await keeping
      current.end(new CoreError('E_CLOSED', 'the session was closed'))
      await closeSession({ session: current.id, project }, { timeoutMs: leaveLimitMs }).catch((error: unknown) =>
        logger.warn({ session: current.id, err: error }, 'the session could not be closed; it ends by its time'),
      )
    },
  }
}

export function toFigures({ requests, errors, p95Ms, targetP95Ms, backlog }: SessionMetrics): Record<string, number> {
  const figures = { requests, errors, p95_ms: p95Ms, target_p95_ms: targetP95Ms, backlog }
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function toConflict(answer: DeniedOf<typeof sessionOpen>): CoreError {
  if (answer.code === 'session_live') {
    return new CoreError('E_CONFLICT', `this process has the session ${answer.session} already`, {
      fix: 'Join once in a process, or give each join a kind of its own.',
      details: { reason: answer.code, session: answer.session },
    })
  }
  return new CoreError('E_CONFLICT', `the project has ${answer.limit} ${answer.bound}, which is the most it may`, {
    fix: 'Close some, or wait until their time is over.',
    details: { reason: answer.code, bound: answer.bound, limit: answer.limit },
  })
}
