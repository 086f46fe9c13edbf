import {
  type CallOptions,
  type Clock,
  CoreError,
  copyStorable,
  fullJitterMs,
  isCoreError,
  type Logger,
  raceSignal,
  retry,
  type Storable,
  silentLogger,
  startDeadline,
  systemClock,
} from '@core/foundation'
import { FAILURES_OF_ALL } from '../failures-of-all.ts'
import { copyKey } from '../operation.ts'
import { openSpoolFile } from './spool-file.ts'
import { encodeRecord, MAX_RECORD_BYTES, type SpoolRecord } from './spool-record.ts'

export interface SpoolEntry {
  /** Names the effect: a receiver that gets the entry twice must act on it once. */
  readonly key: string
  readonly value: Storable
}

export interface SpoolOptions {
  /** Where entries are kept until they are delivered. One process has it open at a time. */
  file: string
  /**
   * Delivers an entry. A retryable error, and one that no entry causes, is tried again, with pauses, for as long as it takes;
   * after another one the entry is refused. E_NOT_FOUND that is retryable is of what the entry is for, and not there yet: it
   * holds up no other entry, unless they are sent in their order.
   */
  send: (entry: SpoolEntry) => Promise<unknown>
  /** Called with an entry that can never be delivered. Default: none; it is logged either way. */
  onRefused?: ((entry: SpoolEntry, error: unknown) => void) | undefined
  /** Entries that may wait. Default 10,000. */
  maxEntries?: number | undefined
  /** Bytes of the values that may wait. Default: no bound but that of the entries. */
  maxBytes?: number | undefined
  /** Entries that are sent at once; with 1 they are sent in their order. Default 8. */
  concurrency?: number | undefined
  /** The file is rewritten when it has this length. Default 1 MB. */
  compactBytes?: number | undefined
  logger?: Logger | undefined
  clock?: Clock | undefined
}

/**
 * Keeps what must reach somebody, on disk, until it has. An entry is sent at least once, also after kill -9 and power cuts,
 * and by its key the receiver acts on it once. E_LEASE_JOURNAL where the disk fails.
 */
export interface Spool extends AsyncDisposable {
  /** Resolves when the entry is on disk. The same key again is the same entry; with another value it is E_CONFLICT. */
  put(entry: SpoolEntry): Promise<void>
  /** Entries that are not delivered. */
  readonly pending: number
  /** Resolves when nothing is pending. Default limit 30 s. */
  flush(options?: CallOptions): Promise<void>
  /** Ends sending; what is pending stays in the file for the next one who opens it. */
  close(): Promise<void>
}

interface Kept {
  readonly value: Storable
  readonly text: string
  readonly durable: Promise<void>
  /** Attempts that found what it is for not there yet. */
  early: number
}

/** What is owed should arrive before its hold lapses, also where the receiver comes and goes. */
const PAUSE = { baseMs: 100, capMs: 5_000 } as const

export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { file, send, onRefused = () => {}, maxEntries = 10_000, concurrency = 8, compactBytes = 1_000_000 } = options
  const { logger = silentLogger, clock = systemClock, maxBytes = Number.POSITIVE_INFINITY } = options
  let bytes = 0
  const kept = new Map<string, Kept>()
  const queue: string[] = []
  const closing = new AbortController()
  const active = new Set<Promise<void>>()
  const resting = new Set<Promise<void>>()
  let idle = Promise.withResolvers<void>()
  const open = function* (): Generator<SpoolRecord> {
    for (const [put, { value }] of kept) yield { put, value }
  }
  const disk = await openSpoolFile({ file, open, compactBytes, logger })
  for (const [key, value] of disk.found) keep(key, value, Promise.resolve())

  function keep(key: string, value: Storable, durable: Promise<void>): void {
    const text = JSON.stringify(value)
    kept.set(key, { value, text, durable, early: 0 })
    bytes += text.length
    queue.push(key)
    work()
  }

  function work(): void {
    while (active.size < concurrency && !closing.signal.aborted) {
      const key = queue.shift()
      if (key === undefined) return
      const run = deliver(key).finally(() => {
        active.delete(run)
        work()
      })
      active.add(run)
    }
  }

  async function deliver(key: string): Promise<void> {
    const entry = kept.get(key)
    if (entry === undefined) return
    const { value, durable } = entry
    try {
      await durable // what is not on disk is not sent: its sender has no promise of it
    } catch {
      drop(key, entry)
      return
    }
    try {
      const { signal } = closing
      const isRetryable = (error: unknown) =>
        isCoreError(error) && !isEarly(error) && (error.retryable || FAILURES_OF_ALL.has(error.code))
      await retry(() => send({ key, value }), {
        attempts: Number.POSITIVE_INFINITY,
        ...PAUSE,
        isRetryable,
        signal,
        clock,
      })
    } catch (error) {
      if (closing.signal.aborted) return
      if (isEarly(error)) return rest(key, entry)
      logger.error({ err: error, file, key }, 'an entry of a spool was refused')
      onRefused({ key, value }, error)
    }
    await end(key)
  }

  const isEarly = (error: unknown) => concurrency > 1 && isCoreError(error, 'E_NOT_FOUND') && error.retryable

  /** Tries it again after a pause, in which its place is another's. */
  function rest(key: string, entry: Kept): void {
    entry.early += 1
    const run = clock
      .sleep(fullJitterMs(entry.early, PAUSE), { signal: closing.signal })
      .then(
        () => void queue.push(key),
        () => {}, // it is closed
      )
      .finally(() => {
        resting.delete(run)
        work()
      })
    resting.add(run)
  }

  function forget(key: string): void {
    bytes -= kept.get(key)?.text.length ?? 0
    kept.delete(key)
  }

  /** Not on disk, it is only sent once more. */
  async function end(key: string): Promise<void> {
    forget(key)
    await disk.append({ done: key }).catch((error: unknown) => {
      logger.warn({ err: error, file, key }, 'a delivered entry stays in its spool')
    })
    noteIdle()
  }

  function noteIdle(): void {
    if (kept.size > 0) return
    idle.resolve()
    idle = Promise.withResolvers<void>()
  }

  /** Its sender has no promise of it. */
  function drop(key: string, entry: Kept | undefined): void {
    if (kept.get(key) !== entry) return
    forget(key)
    noteIdle()
  }

  async function put({ key, value }: SpoolEntry): Promise<void> {
    const name = String(copyKey(key))
    const copy = copyStorable('value', value)
    const known = kept.get(name)
    if (known !== undefined) {
      if (known.text === JSON.stringify(copy)) return known.durable
      throw new CoreError('E_CONFLICT', `the key ${name} is in the spool with another value`, {
        fix: 'Give each effect a key of its own.',
        details: { reason: 'key_in_use', key: name },
      })
    }
    if (kept.size >= maxEntries || bytes + JSON.stringify(copy).length > maxBytes) throw full(file, kept.size)
    if (encodeRecord({ put: name, value: copy }).length > MAX_RECORD_BYTES) {
      throw new CoreError('E_TOO_LARGE', `an entry of a spool has at most ${MAX_RECORD_BYTES} bytes`)
    }
    const durable = disk.append({ put: name, value: copy })
    keep(name, copy, durable)
    const entry = kept.get(name)
    try {
      await durable
    } catch (error) {
      drop(name, entry) // now, and not in its turn: a new file is not to have it
      throw error
    }
  }

  let closed: Promise<void> | undefined
  const spool: Spool = {
    put,
    get pending() {
      return kept.size
    },
    async flush(limits = {}) {
      using deadline = startDeadline('flush', limits, 30_000)
      while (kept.size > 0) await raceSignal(idle.promise, deadline.signal)
    },
    close() {
      closed ??= (async () => {
        closing.abort(new CoreError('E_CLOSED', `the spool ${file} is closed`))
        await Promise.all([...active, ...resting])
        await disk.close()
      })()
      return closed
    },
    [Symbol.asyncDispose]: () => spool.close(),
  }
  return spool
}

function full(file: string, entries: number): CoreError {
  return new CoreError('E_DATABASE_BUSY', `${entries} entries already wait in the spool ${file}`, {
    fix: 'Wait until the receiver is back, or raise maxEntries.',
    details: { reason: 'spool_full', sent: false },
  })
}
