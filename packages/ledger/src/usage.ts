import { type AcceptedOf, callable, ledgerUsage } from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import type { CallOptions } from '@core/foundation'
import type { AccountDenial } from './outcome.ts'

export interface UsageInput {
  account: string
  /** From this instant on. */
  from: Date
  /** Before this instant; at most 1,100 days after `from`. */
  to: Date
  /** `total` is one bucket for the whole range. Default `day`; at most 1,000 buckets. */
  bucket?: 'hour' | 'day' | 'week' | 'month' | 'total' | undefined
  /** By whose clocks buckets begin, an IANA name. Default `UTC`. */
  timeZone?: string | undefined
  /** Whether the accounts below it are included. Default true. */
  children?: boolean | undefined
  /**
   * At most four of `account`, `user`, or keys of the metadata such as `model`: the settle's over the reserve's. `tag` is
   * also each of `tags`, so that a charge with several counts under each.
   */
  by?: readonly string[] | undefined
  /** `next` of the page before. */
  after?: string | undefined
  /** Groups of a page, 1 to 1,000. Default 1,000. */
  limit?: number | undefined
}

/** A bucket of time, and in it one value for each of `by`, in its order. `uncollected` was used and not charged. */
export type UsageRow = AcceptedOf<typeof ledgerUsage>['usage'][number]

/** A page of usage: by bucket, the highest charge first. `next` is null on the last page. */
export interface Usage {
  status: 'usage'
  rows: readonly UsageRow[]
  next: string | null
}

export function createUsageReader(database: Pick<Database, 'rpc'>, claims: RpcOptions['claims']) {
  const read = callable(database, ledgerUsage)
  return async (
    { from, to, bucket = 'day', by, ...input }: UsageInput,
    options?: CallOptions,
  ): Promise<Usage | AccountDenial> => {
    const range = {
      from: from.toISOString(),
      to: to.toISOString(),
      bucket,
      ...(by === undefined ? {} : { by: [...by] }),
    }
    const answer = await read({ ...input, ...range }, { ...options, claims })
    if (!answer.ok) return { status: answer.code, account: answer.account }
    return { status: 'usage', rows: answer.usage, next: answer.next }
  }
}
