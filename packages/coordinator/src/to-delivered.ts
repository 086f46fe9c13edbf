import type { AcceptedOf, messageReceive } from '@core/api/functions'
import type { CallOptions } from '@core/foundation'
import type { Delivered } from './message.ts'

type Held = Pick<Delivered, 'delivery' | 'fence'>
type WithoutFirst<Call> = Call extends (...args: infer Rest) => infer Answer
  ? (held: Held, ...rest: Rest) => Answer
  : never

export type NackDelivery = WithoutFirst<Delivered['nack']>

interface Ends {
  ack(held: readonly Held[], options?: CallOptions): Promise<readonly string[]>
  readonly nack: NackDelivery
  reply(message: string, ...rest: Parameters<Delivered['reply']>): ReturnType<Delivered['reply']>
}

/** A received row as a message that its receiver can end. */
export function toDelivered(
  row: AcceptedOf<typeof messageReceive>['messages'][number],
  { ack, nack, reply }: Ends,
): Delivered {
  const held = { delivery: row.delivery, fence: row.fence }
  return {
    id: row.message,
    ...held,
    from: row.from,
    to: row.to,
    type: row.type,
    payload: row.payload,
    priority: row.priority,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    awaitsReply: row.awaits_reply,
    replyTo: row.reply_to ?? undefined,
    sentAt: new Date(row.sent_at),
    expiresAt: new Date(row.expires_at),
    signal: new AbortController().signal,
    ack: async (options) => (await ack([held], options)).length === 0,
    nack: (error, options) => nack(held, error, options),
    reply: (payload, options) => reply(row.message, payload, options),
  }
}
