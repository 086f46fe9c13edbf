import type { CallOptions, Storable } from '@core/foundation'

export type MessagePriority = 'critical' | 'high' | 'normal' | 'low'

export interface SendOptions extends CallOptions {
  /** Higher ones come first; each minute of waiting raises a message by one. Default `normal`. */
  priority?: MessagePriority | undefined
  /** Seconds after which it is a dead letter, 1 to 2,592,000; default a week. */
  ttlSeconds?: number | undefined
  /** Comes after this project's earlier ordered ones to the same recipient have ended. */
  ordered?: boolean | undefined
  /** Default 5. */
  maxAttempts?: number | undefined
  /** Sent again with it, it is there once. Default: a new one. */
  key?: string | undefined
}

export interface SentMessage {
  readonly id: string
  readonly recipients: number
  /** Inboxes that were full. */
  readonly skipped: number
  readonly replayed: boolean
}

/** A message that this process has received and holds. */
export interface Delivered {
  readonly id: string
  readonly delivery: string
  /** Greater than that of every process that held it before. */
  readonly fence: number
  readonly from: string
  readonly to: string
  readonly type: string
  readonly payload: unknown
  readonly priority: MessagePriority
  /** 1 at the first time. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Its sender waits for a reply until `expiresAt`. */
  readonly awaitsReply: boolean
  readonly replyTo: string | undefined
  readonly sentAt: Date
  readonly expiresAt: Date
  /** Of `inbox`: aborts when the message is lost. Another process has it, or will. */
  readonly signal: AbortSignal
  /** It is done. False: it was lost before, and another process does it. */
  ack(options?: CallOptions): Promise<boolean>
  /** Gives it back. `dead`: a dead letter at once; `release`: the attempt is not counted. */
  nack(error?: string, options?: NackOptions): Promise<'ready' | 'delayed' | 'dead' | 'stale'>
  reply(payload?: Storable, options?: SendOptions & { type?: string }): Promise<SentMessage>
}

export interface NackOptions extends CallOptions {
  /** Default `retry`. */
  outcome?: 'retry' | 'dead' | 'release' | undefined
  /** Default: a pause that doubles with each attempt, up to an hour. */
  delayMs?: number | undefined
}
