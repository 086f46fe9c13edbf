import {
  type AcceptedOf,
  callable,
  type DeniedOf,
  insightDecide,
  insightGet,
  insightList,
  insightShare,
} from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, CoreError, copyStorable, type Storable, uuidv7 } from '@core/foundation'

export interface NewInsight {
  /** What it is about: 1 to 50 of a-z, 0-9, _ and -. */
  category: string
  /** What to do. */
  title: string
  body?: string | undefined
  /** A JSON object of at most 16 KB. */
  evidence?: Readonly<Record<string, Storable>> | undefined
  /** The improvement to expect in basis points: 2000 is 20 %. */
  expectedBasisPoints?: number | undefined
  /** 0 to 10,000; default 5,000. */
  confidenceBasisPoints?: number | undefined
  /** Sent again with it, it is shared once. Default: a new one. */
  key?: string | undefined
}

export type InsightSummary = AcceptedOf<typeof insightList>['insights'][number]
export type InsightDetails = Omit<AcceptedOf<typeof insightGet>, 'ok'>

export interface InsightDecision {
  decision: 'adopted' | 'rejected' | 'reverted'
  /** The improvement that was measured, in basis points. */
  effectBasisPoints?: number | undefined
  note?: string | undefined
}

/** What projects have learnt. */
export interface Insights {
  /** Answers its id. */
  share(insight: NewInsight, options?: CallOptions): Promise<string>
  /** The highest rank first, page by page. `open`: those of others on which this project has not decided. */
  list(
    filter?: { category?: string; author?: string; open?: boolean },
    options?: CallOptions,
  ): AsyncIterable<InsightSummary>
  get(insight: string, options?: CallOptions): Promise<InsightDetails>
  /** The last decision of the project counts. */
  decide(insight: string, decision: InsightDecision, options?: CallOptions): Promise<void>
}

const pageSize = 100

export function createInsights(database: Pick<Database, 'rpc'>, project: string | undefined): Insights {
  return {
    async share({ key = uuidv7(), evidence = {}, ...insight }, options) {
      const copied = copyStorable('evidence', evidence)
      const answer = await callable(database, insightShare)({ ...insight, evidence: copied, key, project }, options)
      if (!answer.ok) throw toDenied(answer)
      return answer.insight
    },
    async *list(filter = {}, options) {
      const read = callable(database, insightList)
      for (let after: string | undefined; ; ) {
        const page: AcceptedOf<typeof insightList> = await read({ ...filter, after, limit: pageSize, project }, options)
        yield* page.insights
        if (page.next === null) return
        after = page.next
      }
    },
    async get(insight, options) {
      const { ok: _, ...details } = await callable(database, insightGet)({ insight, project }, options)
      return details
    },
    async decide(insight, decision, options) {
      const answer = await callable(database, insightDecide)({ insight, ...decision, project }, options)
      if (!answer.ok) throw toDenied(answer)
    },
  }
}

function toDenied({
  ok: _,
  code: reason,
  ...facts
}: DeniedOf<typeof insightShare> | DeniedOf<typeof insightDecide>): CoreError {
  const sentences = {
    bound_reached: 'the project shares as many insights as it may',
    insight_own: 'the insight is the project’s own: others decide on it',
    insight_not_adopted: 'the project has not adopted the insight',
  } as const
  return new CoreError('E_CONFLICT', sentences[reason], { details: { reason, ...facts } })
}
