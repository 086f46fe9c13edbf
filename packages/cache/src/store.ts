import type { CallOptions } from '@core/foundation'

/** A value in the shared tier. Milliseconds are counted by the store's own clock and may be negative when past. */
export interface StoredEntry {
  readonly value: Uint8Array
  /** Until it is stale. */
  readonly freshMs: number
  /** Until it is gone. */
  readonly staleMs: number
  readonly tags: readonly string[]
  /** Grows with each write of the key. */
  readonly version: number
}

/** Why the caller may or may not load a key that it missed. */
export type LeaseState =
  /** The caller may load, and no other process does. Its write and its failure carry the token. */
  | { readonly status: 'granted'; readonly token: number }
  /** Another process loads it; its lease ends in `endsInMs` unless it is renewed. */
  | { readonly status: 'held'; readonly endsInMs: number }
  /** The last load failed; its failure counts for so long. */
  | { readonly status: 'failed'; readonly message: string; readonly endsInMs: number }

export interface StoreRead {
  /** What is kept, fresh or stale; undefined where nothing is. */
  readonly entry: StoredEntry | undefined
  /** Present where the read asked for a lease and found nothing fresh. */
  readonly lease?: LeaseState | undefined
  /** The order of the store when it was read: a write that brings it is refused if the key was changed since. */
  readonly readAt: number
}

export interface StoreWrite {
  readonly key: string
  readonly value: Uint8Array
  readonly freshMs: number
  readonly staleMs: number
  readonly tags: readonly string[]
  /** From the read that missed. Absent for a write that follows no read. */
  readonly readAt?: number | undefined
  readonly token?: number | undefined
}

/** What happened elsewhere: a reader drops what it has of it. */
export type StoreEvent =
  | {
      readonly type: 'set' | 'delete'
      readonly namespace: string
      readonly key: string
      readonly version: number
      readonly origin: string
    }
  | { readonly type: 'tag'; readonly namespace: string; readonly tag: string; readonly origin: string }
  | { readonly type: 'clear'; readonly namespace: string; readonly origin: string }
  /** More happened than is remembered, or the store was restored: nothing in memory can be trusted. */
  | { readonly type: 'reset' }

/**
 * The tier behind the memory. An implementation answers within `options.timeoutMs`, throws CoreError where it cannot,
 * and never blocks for a lease.
 */
export interface CacheStore extends AsyncDisposable {
  /** Whether other processes see it. */
  readonly shared: boolean
  /** Reads keys in order; with `lease` it asks for the right to load what is not fresh. */
  read(
    namespace: string,
    keys: readonly string[],
    lease: { readonly holder: string; readonly ttlMs: number } | undefined,
    options: CallOptions,
  ): Promise<readonly StoreRead[]>
  /** Writes entries in order; undefined for one that was refused, because its key was changed since it was read. */
  write(
    namespace: string,
    writes: readonly StoreWrite[],
    origin: string,
    options: CallOptions,
  ): Promise<readonly (number | undefined)[]>
  /** Makes entries stale, or gone where nothing may be served stale. */
  expire(namespace: string, keys: readonly string[], origin: string, options: CallOptions): Promise<void>
  delete(namespace: string, keys: readonly string[], origin: string, options: CallOptions): Promise<void>
  invalidate(namespace: string, tags: readonly string[], origin: string, options: CallOptions): Promise<void>
  clear(namespace: string, origin: string, options: CallOptions): Promise<void>
  /** Keeps a lease for another `ttlMs`; false where it was lost. */
  renew(namespace: string, key: string, token: number, ttlMs: number, options: CallOptions): Promise<boolean>
  /** Ends a lease without a value. With a message the failure is shared for `backoffMs`. */
  release(
    namespace: string,
    key: string,
    token: number,
    failure: { readonly message: string; readonly backoffMs: number } | undefined,
    options: CallOptions,
  ): Promise<void>
  /** Whether the store knows where this process began to read, so that `poll` answers everything that changed since. */
  readonly isFollowing: boolean
  /**
   * Events since the last call, or since before the first read or write of this process. Where neither was, none, and from
   * here on it follows. A store may leave out other namespaces than those named.
   */
  poll(namespaces: () => readonly string[], options: CallOptions): Promise<readonly StoreEvent[]>
  /**
   * Calls back when another process has changed something, so that a look need not wait for the next poll. Undefined where
   * such hints do not arrive. A hint may be lost or come twice.
   */
  watch?(onHint: () => void, namespace: string, options: CallOptions): Promise<AsyncDisposable | undefined>
  /** Removes what is gone, at most `limit` entries; how many it removed. Left out where the store removes it itself. */
  sweep?(limit: number, options: CallOptions): Promise<number>
}
