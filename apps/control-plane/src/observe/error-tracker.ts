import { callable, errorRecord, errorTrim } from '@core/api/functions'
import type { Database, JsonInput } from '@core/database'
import { type Clock, type Logger, systemClock, toStorableText } from '@core/foundation'
import { type LoopReport, startLoop } from '../process/loop.ts'
import { untilNoneLeft } from '../process/until-none-left.ts'
import { type Fault, fingerprintOf } from './fingerprint.ts'
import { toSampleMessage } from './sample-message.ts'

/** An unexpected failure and its circumstances. */
export interface FailureReport {
  readonly error: unknown
  readonly kind: 'request' | 'loop'
  /** The method and pattern of the route, or the name of the loop. */
  readonly place: string
  readonly project: string | null
  readonly requestId: string | null
}

/** Receives failures; never fails and never waits. */
export interface ErrorSink {
  record(failure: FailureReport): void
}

export interface ErrorTracker extends ErrorSink, AsyncDisposable {
  /** Writes what was recorded since the last call. Rejects where the database is away; the records are kept. */
  flush(signal?: AbortSignal): Promise<void>
}

export interface ErrorTrackerDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly version: string
  readonly logger: Logger
  readonly report?: LoopReport | undefined
  readonly clock?: Clock
}

interface Group extends Fault {
  readonly kind: FailureReport['kind']
  readonly project: string | null
  place: string
  message: string
  requestId: string | null
  count: number
  readonly firstSeen: number
  lastSeen: number
}

/** Groups one process remembers between two writes. Further ones are logged like all, and not grouped. */
const groupsAtMost = 500
const flushEveryMs = 5000
const trimEveryMs = 3_600_000
const keep = '30 days'
const trimmedAtOnce = 10_000
const closingMs = 2000
const textAtMost = 500

/**
 * Groups failures in memory and adds them to the database every few seconds, off the path of any request. What could not
 * be written is added up with what comes after. A batch whose fate is unknown is written again: a failure may be counted
 * twice after a lost connection, never not at all.
 */
export function openErrorTracker(dependencies: ErrorTrackerDependencies): ErrorTracker {
  const { database, version, logger, report, clock = systemClock } = dependencies
  let groups = new Map<string, Group>()
  let isFull = false

  function record({ error, kind, place, project, requestId }: FailureReport): void {
    const fault = fingerprintOf(error, place)
    const now = clock.now()
    const group: Group = {
      ...fault,
      kind,
      project,
      place,
      message: toSampleMessage(error),
      requestId,
      count: 1,
      firstSeen: now,
      lastSeen: now,
    }
    add(group)
  }

  function add(group: Group): void {
    const key = `${group.fingerprint} ${group.project ?? ''}`
    const known = groups.get(key)
    if (known !== undefined) {
      known.count += group.count
      if (group.lastSeen >= known.lastSeen) {
        const { place, message, lastSeen } = group
        Object.assign(known, { place, message, lastSeen, requestId: group.requestId ?? known.requestId })
      }
    } else if (groups.size < groupsAtMost) groups.set(key, group)
    else {
      if (!isFull) logger.warn({ component: 'errors', groups: groupsAtMost }, 'too many kinds of failures to group')
      isFull = true
    }
  }

  let lastWrite = Promise.resolve()
  /** One at a time: a flush waits for the write that the loop has begun, so that its failures are written when it ends. */
  function flush(signal?: AbortSignal): Promise<void> {
    const own = lastWrite.then(() => write(signal))
    lastWrite = own.catch(() => undefined)
    return own
  }

  async function write(signal: AbortSignal | undefined): Promise<void> {
    if (groups.size === 0) return
    const written = groups
    groups = new Map()
    isFull = false
    try {
      const options = { signal, repeatable: false }
      const rows = [...written.values()].map((group) => toRow(group, version))
      await callable(database, errorRecord)({ groups: rows }, options)
    } catch (error) {
      for (const group of written.values()) add(group)
      throw error
    }
  }

  let lastTrimAt = Number.NEGATIVE_INFINITY
  async function work(signal: AbortSignal): Promise<void> {
    await flush(signal)
    if (clock.monotonic() - lastTrimAt < trimEveryMs) return
    const trim = callable(database, errorTrim)
    await untilNoneLeft(
      trimmedAtOnce,
      signal,
      async () => (await trim({ keep, limit: trimmedAtOnce }, { signal })).trimmed,
    )
    lastTrimAt = clock.monotonic()
  }

  const loop = startLoop({ name: 'errors', everyMs: flushEveryMs, work, logger, report, clock })
  return {
    record,
    flush,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]()
      await flush(AbortSignal.timeout(closingMs)).catch((error: unknown) => {
        logger.warn({ component: 'errors', groups: groups.size, err: error }, 'the last failures were not written')
      })
    },
  }
}

function toRow(group: Group, version: string): JsonInput {
  const { fingerprint, project, kind, name, code, place, frames, message, count, firstSeen, lastSeen, requestId } =
    group
  // Any library may have thrown it; what cannot be stored would keep every other failure from being written.
  const kept = (text: string) => toStorableText(text, textAtMost)
  return {
    fingerprint,
    project,
    kind,
    name: kept(name),
    code: code === null ? null : kept(code),
    place,
    frames: frames.map(kept),
    message: kept(message),
    count,
    first_seen: new Date(firstSeen).toISOString(),
    last_seen: new Date(lastSeen).toISOString(),
    request_id: requestId,
    version,
  }
}
