/** What works at this moment. */
export interface CoreStatus {
  readonly state: 'live' | 'degraded' | 'closed'
  readonly database: 'up' | 'down'
  /** `lease`: charges and holds of its account are paid from the lease. `closed`: nothing can be charged. */
  readonly ledger: 'live' | 'lease' | 'closed'
  /** `local`: each process has its own values. */
  readonly cache: 'shared' | 'local'
  /** `stale`: the last known values. `defaults`: the declared ones. */
  readonly flags: 'live' | 'stale' | 'defaults'
  /** Of `coordinator.join`. `refused`: it can never be opened as asked, such as without the scope; the log has why. */
  readonly session: 'none' | 'opening' | 'open' | 'refused'
  /** Messages and settles on disk that are not delivered. */
  readonly outbox: { readonly waiting: number }
  /** When `state` changed last. */
  readonly since: Date
}
