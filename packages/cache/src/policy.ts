import { CoreError } from '@core/foundation'
import { type Duration, toMilliseconds } from './duration.ts'

/** How an entry lives, and what happens when it has to be loaded. Each may be set for the cache and for a call. */
export interface EntryOptions {
  /** How long a value is fresh. Default 5 minutes. */
  ttl?: Duration | undefined
  /** How long after that it may still be served while or because loading fails. Default 0. */
  staleFor?: Duration | undefined
  /** What a caller gets of a stale value: it at once, or the new one (within `softTimeoutMs`). Default `background`. */
  revalidate?: 'background' | 'blocking' | undefined
  /** Part of the ttl after which a hit also reloads in the background: 0.9 is the last tenth. Default: off. */
  refreshAhead?: number | undefined
  /** With a stale value at hand, milliseconds to wait for a new one. Default 200. */
  softTimeoutMs?: number | undefined
  /** Bounds the whole call in milliseconds, the shared tier included. Default 10,000. */
  hardTimeoutMs?: number | undefined
  /** How long after a failed load no other is tried. Default 1 second; 0 tries each time. */
  failureBackoff?: Duration | undefined
  /** The ttl of `undefined` and `null`. Default: that of every value. */
  negativeTtl?: Duration | undefined
  /** Names under which the entry can be invalidated. */
  tags?: readonly string[] | undefined
  /**
   * Whether one process at a time loads a key. `auto`: where the tier behind is shared and no stale value is at hand.
   * Default `auto`.
   */
  lease?: 'auto' | 'off' | undefined
  /** Aborts the load's signal when the call that started it runs out of time. Default false: it continues for the next. */
  abortLoad?: boolean | undefined
}

/** The options of a call, complete, in milliseconds. */
export interface Policy {
  readonly ttlMs: number
  readonly staleMs: number
  readonly revalidate: 'background' | 'blocking'
  readonly refreshAhead: number
  readonly softTimeoutMs: number
  readonly hardTimeoutMs: number
  readonly failureBackoffMs: number
  readonly negativeTtlMs: number | undefined
  readonly tags: readonly string[]
  readonly lease: 'auto' | 'off'
  readonly abortLoad: boolean
}

const defaultPolicy: Policy = {
  ttlMs: 300_000,
  staleMs: 0,
  revalidate: 'background',
  refreshAhead: 1,
  softTimeoutMs: 200,
  hardTimeoutMs: 10_000,
  failureBackoffMs: 1_000,
  negativeTtlMs: undefined,
  tags: [],
  lease: 'auto',
  abortLoad: false,
}

const maxTags = 64
const maxNameBytes = 512
/** Longer than any key that is meant: beyond 512 bytes a key is kept under its hash. */
const maxKeyLength = 2 ** 20

/**
 * Completes the options of a call.
 * @throws CoreError E_INVALID naming the option that is out of range.
 */
export function toPolicy(options: EntryOptions | undefined, base: Policy = defaultPolicy): Policy {
  if (options === undefined) return base
  const { refreshAhead = base.refreshAhead, tags = base.tags, negativeTtl } = options
  if (!(refreshAhead > 0 && refreshAhead <= 1)) {
    throw new CoreError('E_INVALID', `refreshAhead must be above 0 and at most 1, got ${refreshAhead}`, {
      fix: '0.9 reloads in the last tenth of the ttl.',
      details: { field: 'refreshAhead' },
    })
  }
  return {
    ttlMs: duration('ttl', options.ttl, base.ttlMs),
    staleMs: duration('staleFor', options.staleFor, base.staleMs),
    revalidate: options.revalidate ?? base.revalidate,
    refreshAhead,
    softTimeoutMs: timeout('softTimeoutMs', options.softTimeoutMs, base.softTimeoutMs),
    hardTimeoutMs: timeout('hardTimeoutMs', options.hardTimeoutMs, base.hardTimeoutMs),
    failureBackoffMs: duration('failureBackoff', options.failureBackoff, base.failureBackoffMs),
    negativeTtlMs: negativeTtl === undefined ? base.negativeTtlMs : toMilliseconds('negativeTtl', negativeTtl),
    tags: tags.length === 0 ? tags : requireTags(tags),
    lease: options.lease ?? base.lease,
    abortLoad: options.abortLoad ?? base.abortLoad,
  }
}

function duration(option: string, given: Duration | undefined, otherwise: number): number {
  return given === undefined ? otherwise : toMilliseconds(option, given)
}

function timeout(option: string, given: number | undefined, otherwise: number): number {
  if (given === undefined) return otherwise
  if (!(given > 0 && given < 2 ** 31)) {
    throw new CoreError('E_INVALID', `${option} must be a positive number of milliseconds, got ${given}`, {
      details: { field: option },
    })
  }
  return given
}

function requireTags(tags: readonly string[]): readonly string[] {
  if (tags.length > maxTags) {
    throw new CoreError('E_INVALID', `an entry has at most ${maxTags} tags, got ${tags.length}`, {
      details: { field: 'tags' },
    })
  }
  return [...new Set(tags.map((tag) => requireName('tag', tag)))]
}

/**
 * Checks a key, tag or namespace: a text that every tier can keep, of 1 to 512 bytes; a key may be longer.
 * @throws CoreError E_INVALID
 */
export function requireName(what: 'key' | 'tag' | 'namespace', name: string): string {
  const fault = nameFault(what, name)
  if (fault === undefined) return name
  throw new CoreError('E_INVALID', `a ${what} ${fault}`, {
    fix: what === 'key' ? 'Write binary keys in base64 or hexadecimal.' : 'Use another name.',
    details: { field: what },
  })
}

function nameFault(what: 'key' | 'tag' | 'namespace', name: string): string | undefined {
  if (typeof name !== 'string') return `must be a text, got ${typeof name}`
  if (name.length === 0) return 'must not be empty'
  const tooLong = lengthFault(what, name)
  if (tooLong !== undefined) return tooLong
  if (name.includes('\0')) return `must not contain NUL, as at character ${name.indexOf('\0')}`
  if (!name.isWellFormed()) return `contains half of a surrogate pair at character ${name.search(/\p{Surrogate}/u)}`
  return what !== 'tag' && (name === '.' || name === '..') ? `must not be ${name}, which URLs drop` : undefined
}

function lengthFault(what: 'key' | 'tag' | 'namespace', name: string): string | undefined {
  if (what === 'key')
    return name.length > maxKeyLength ? `may have ${maxKeyLength} characters, got ${name.length}` : undefined
  const bytes = Buffer.byteLength(name)
  return bytes > maxNameBytes ? `may have ${maxNameBytes} bytes in UTF-8, got ${bytes}` : undefined
}
