import type { Seen } from './read-answer.ts'
import type { Operation } from './read-request.ts'
import type { Block } from './sse-blocks.ts'
import type { UpstreamResponse } from './transport.ts'

export interface AttemptLimits {
  /** Until the first event of a stream, or the head of an answer. */
  readonly headMs: number
  readonly idleMs: number
  readonly totalMs: number
  /** How long an answer is still read after its reader has left. */
  readonly drainMs: number
}

export const defaultLimits: AttemptLimits = { headMs: 60_000, idleMs: 120_000, totalMs: 600_000, drainMs: 30_000 }

export interface Attempt {
  readonly operation: Operation
  readonly isStream: boolean
  readonly limits: AttemptLimits
  readonly gone: AbortSignal
  readonly send: (signal: AbortSignal) => Promise<UpstreamResponse>
  /** Called with each event that goes to the client, the first time with all up to the first output. */
  readonly forward: (blocks: readonly Block[]) => Promise<void>
  /** Called with the tokens that have come so far; false ends the answer. */
  readonly onOutput: (outputTokens: number) => Promise<boolean>
  readonly wantsUsage: boolean
  /** Ends the attempt at once: its answer is not needed any more. */
  readonly unwanted?: AbortSignal | undefined
  /** Called with the head of any answer. */
  readonly onHead?: (headers: UpstreamResponse['headers']) => void
}

export type AttemptFault = 'rate_limited' | 'auth' | 'unavailable' | 'timeout' | 'malformed'

export type AttemptResult =
  /** Whole. Of a stream, `body` is what is left to send: its last event. */
  | { readonly kind: 'answered'; readonly body: Uint8Array; readonly contentType: string; readonly seen: Seen }
  /** The request itself is at fault: any target would refuse it. */
  | { readonly kind: 'refused'; readonly status: number; readonly contentType: string; readonly body: Uint8Array }
  /** Another target may answer. `seen` is what it may bill all the same. */
  | {
      readonly kind: 'failed'
      readonly fault: AttemptFault
      readonly retryAfterMs?: number | undefined
      readonly seen?: Seen | undefined
    }
  /** After output had been sent. */
  | { readonly kind: 'broken'; readonly fault: AttemptFault; readonly seen: Seen; readonly hasErrorEvent: boolean }
