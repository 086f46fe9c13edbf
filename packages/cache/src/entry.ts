/** What the memory tier keeps of a key. Times are milliseconds of the monotonic clock. */
export interface Entry<Value> {
  readonly value: Value
  /** Up to here a hit needs no further thought: the end of freshness, or the start of a refresh ahead. */
  refreshAt: number
  /** Up to here the value is fresh. */
  freshUntil: number
  /** Up to here the value may be served stale. */
  readonly staleUntil: number
  /** Where the read or load of this value began in the order of this process: older than an invalidation means void. */
  readonly order: number
  /** The version that the shared tier gave this value; undefined where it has not seen it. */
  version: number | undefined
  readonly tags: readonly string[]
  /** Up to this position no tag of it was invalidated: a hit looks at its tags again only after the next invalidation. */
  checkedAt: number
  /** Encoded bytes, 0 where they were not counted. */
  readonly size: number
  /** The value as a promise, made at the first hit and handed out at each further one. */
  promise: Promise<Value> | undefined
}
