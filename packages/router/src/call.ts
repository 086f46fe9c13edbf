import type { CallOptions, Clock, Logger } from '@core/foundation'
import type { AccountDenial, HoldCalls, Ledger, SettleInput } from '@core/ledger'
import type { Prices } from '@core/providers/price'
import type { AnswerCache } from './answer-cache.ts'
import type { AttemptLimits } from './attempt.ts'
import type { KeptAnswers } from './kept-answers.ts'
import type { KeptResponses } from './kept-responses.ts'
import type { Operation } from './read-request.ts'
import type { Dialect, Period, Routing } from './routing.ts'
import type { Cooled } from './target-health.ts'
import type { FindTransport } from './transport.ts'

/** A model call of a client, as it came. */
export interface ModelRequest {
  /** Names the call in metadata, headers and the log. */
  readonly id: string
  readonly dialect: Dialect
  readonly operation: Operation
  readonly body: Uint8Array
  readonly contentType: string
  /** Those of the client that may pass to a provider. */
  readonly headers: Readonly<Record<string, string>>
  readonly caller: Caller
  /** How long the same request may be answered from the cache. Default: not at all. */
  readonly cacheSeconds?: number | undefined
}

export interface Caller {
  readonly project: string
  /** What is charged, where the route gives end users no account of their own. */
  readonly account: string
  readonly subject: string
  readonly tags: readonly string[]
  /** Calls of one session prefer one target. */
  readonly session?: string | undefined
  /** Names the call: the same key again is never a second one. */
  readonly idempotencyKey?: string | undefined
  /** Acts for this caller. */
  readonly ledger: HoldCalls & Pick<Ledger, 'ensureUser'> & { readonly ensureTag?: EnsureTag }
}

/** Makes sure that a tag has an account of its own, with this cap per period. */
export type EnsureTag = (
  input: EnsureTagInput,
  options?: CallOptions,
) => Promise<{ readonly status: 'ensured'; readonly account: string } | AccountDenial>

export interface EnsureTagInput {
  readonly tag: string
  /** Whole micro-credits. */
  readonly limit: number
  readonly period: Period
}

/** One call, when it has ended. */
export interface CallRecord {
  readonly call: string
  readonly project: string
  readonly at: Date
  readonly subject: string
  readonly account: string
  readonly hold: string | null
  readonly operation: Operation
  readonly route: string
  /** `provider/model`; null where none was asked. */
  readonly target: string | null
  readonly model: string | null
  readonly user: string | null
  readonly tags: readonly string[]
  readonly status: number
  readonly usage: Readonly<Record<string, number>>
  readonly charged: number
  readonly flags: readonly CallFlag[]
  readonly attempts: number
  readonly firstOutputMs: number | null
  readonly totalMs: number
}

export type CallFlag =
  | 'cached'
  | 'estimated'
  | 'client_gone'
  | 'broken'
  | 'fallback'
  | 'hedged'
  | 'uncollected'
  | 'unsettled'

/** What was asked and answered in one call, without secrets. Each at most 32,768 characters. */
export interface CallContent {
  readonly call: string
  readonly project: string
  readonly at: Date
  /** The body as it came; empty where it was no text. */
  readonly request: string
  /** The body of the answer; of a stream the output of its events, in one piece. */
  readonly answer: string
  /** One of them was longer, and its rest is not here. */
  readonly isCut: boolean
}

/** What the ledger did not answer: a settle, or the reserve of a call that was not made, whose hold is given back. */
export type Unsettled = { readonly project: string; readonly subject: string } & (
  | { readonly settle: SettleInput }
  | { readonly giveBack: { readonly hold: string; readonly reason: string } }
)

export interface RouterDependencies {
  /** Asked before each call. A change is a new object: what was found in one is remembered as long as it is the same. */
  readonly routing: (project: string) => Routing | Promise<Routing>
  readonly prices: (project: string) => Prices | Promise<Prices>
  /**
   * Reads routes, prices and keys again, before a call is refused because one is missing: it may have been set a moment ago.
   * Default: what `routing` and `prices` answer counts.
   */
  readonly refresh?: (() => Promise<unknown>) | undefined
  readonly transports: FindTransport
  /** Takes what the ledger did not answer; resolves when it is on disk. */
  readonly keepUnsettled: (unsettled: Unsettled) => Promise<void>
  /** Keeps the plain answers of calls with an Idempotency-Key. Default: none are kept, and a repeated key is a conflict. */
  readonly answers?: KeptAnswers
  /** Knows responses by their ids. Default: none is known, and a request that continues one is refused. */
  readonly responses?: KeptResponses
  /** Answers the same request of a project again, where it asks for that. Default: none. */
  readonly cache?: AnswerCache
  /** Called with each call that has ended. Default: none. */
  readonly onCall?: (record: CallRecord) => void
  /** Called with what was asked and answered, where the route has `log: content`. Default: none. */
  readonly onContent?: (content: CallContent) => void
  readonly onCool?: (cooled: Cooled) => void
  readonly limits?: Partial<AttemptLimits & RouterLimits>
  readonly clock?: Clock
  readonly random?: () => number
  readonly logger?: Logger
}

export interface RouterLimits {
  /** Where all targets cool, how long one is waited for. Default 2,000. */
  readonly coolingWaitMs: number
  /** Until a comment is sent on a silent stream. Default 10,000. */
  readonly silenceMs: number
  /** How long a settle is tried before it is kept for later. Default 5,000. */
  readonly settleMs: number
}
