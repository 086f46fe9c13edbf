/** What a limiter says to one request. */
export interface Decision {
  readonly isAllowed: boolean
  /** How many more would pass right now. */
  readonly remaining: number
  /** Milliseconds until room comes back: for a refused request, until one passes if no other request comes. */
  readonly resetMs: number
}

/** At most `limit` requests of one key in any window of `windowMs`. */
export interface Limiter {
  /** Its name in the RateLimit header fields. */
  readonly name: string
  readonly limit: number
  readonly windowMs: number
  /**
   * Counts one request of the key, or refuses it. Synchronous, or after a call where the limit is shared; one that may wait
   * waits for others to be counted with.
   */
  take(key: string, mayWait?: boolean): Decision | Promise<Decision>
  /** The refusal that `take` is known to give; undefined where it may allow. Counts nothing. */
  refusal(key: string): Decision | undefined
}

export interface LimitOptions {
  readonly name: string
  /** Requests of one key in any window. */
  readonly limit: number
  readonly windowMs: number
}
