import {
  type AcceptedOf,
  callable,
  type DeniedOf,
  messageAck,
  messageExtend,
  messageGet,
  messageList,
  messageNack,
  messageReceive,
  messageReply,
  messageRetry,
  messageSend,
  messageStats,
  topicList,
  topicSubscribe,
  topicUnsubscribe,
} from '@core/api/functions'
import type { Database } from '@core/database'
import {
  type CallOptions,
  type Clock,
  CoreError,
  copyStorable,
  type Logger,
  type Storable,
  uuidv7,
} from '@core/foundation'
import { type InboxOptions, readInbox } from './inbox.ts'
import type { Delivered, SendOptions, SentMessage } from './message.ts'
import { openMessageHints } from './message-hints.ts'
import type { ReadyWatch } from './ready-watch.ts'
import { type NackDelivery, toDelivered } from './to-delivered.ts'

export interface RequestOptions extends Omit<SendOptions, 'ttlSeconds' | 'ordered' | 'timeoutMs'> {
  /** How long to wait for the reply; later ones are refused. Whole seconds count. Default 30,000. */
  timeoutMs?: number | undefined
}

export interface Reply {
  readonly id: string
  readonly from: string
  readonly type: string
  readonly payload: unknown
}

export type MessageSummary = AcceptedOf<typeof messageList>['messages'][number]
export type MessageDetails = Omit<AcceptedOf<typeof messageGet>, 'ok'>
type Held = Pick<Delivered, 'delivery' | 'fence'>

/** The messages of a project. */
export interface Messages {
  /** `to`: a project, `topic:<name>`, `topic:<project>/<name>`, or `*` for every other project. */
  send(to: string, type: string, payload?: Storable, options?: SendOptions): Promise<SentMessage>
  /** To every other project that is registered and in use. */
  broadcast(type: string, payload?: Storable, options?: SendOptions): Promise<SentMessage>
  /** Sends and waits for the reply. @throws CoreError E_TIMEOUT without one, E_CONFLICT where it is rejected. */
  request(to: string, type: string, payload?: Storable, options?: RequestOptions): Promise<Reply>
  /** Answers a message that was received. @throws CoreError E_CONFLICT where its deadline has passed or it has a reply. */
  reply(message: string, payload?: Storable, options?: SendOptions & { type?: string }): Promise<SentMessage>
  /** The messages that come first, each held and to be acknowledged; an empty inbox is an empty list. */
  receive(options?: { limit?: number; visibleSeconds?: number; holder?: string } & CallOptions): Promise<Delivered[]>
  /** Receives until the signal aborts or the loop ends, and holds each message until it is ended. */
  inbox(options?: InboxOptions): AsyncIterable<Delivered>
  /** Answers the ids of those that are lost. */
  ack(held: readonly Held[], options?: CallOptions): Promise<readonly string[]>
  extend(held: readonly Held[], visibleSeconds: number, options?: CallOptions): Promise<readonly string[]>
  /** Newest first, page by page. */
  list(
    filter?: { box?: 'inbox' | 'acked' | 'dead' | 'sent'; type?: string; with?: string },
    options?: CallOptions,
  ): AsyncIterable<MessageSummary>
  get(message: string, options?: CallOptions): Promise<MessageDetails>
  /** Opens a dead letter again. False where it is none. */
  retry(delivery: string, options?: CallOptions): Promise<boolean>
  stats(options?: CallOptions): Promise<Omit<AcceptedOf<typeof messageStats>, 'ok'>>
  subscribe(topic: string, options?: CallOptions): Promise<void>
  unsubscribe(topic: string, options?: CallOptions): Promise<boolean>
  subscriptions(options?: CallOptions): Promise<AcceptedOf<typeof topicList>['topics']>
}

export interface MessagesDependencies {
  readonly database: Pick<Database, 'rpc'> & Partial<Pick<Database, 'listen'>>
  readonly project: string | undefined
  /** Where loops wait at an empty inbox. */
  readonly watch: ReadyWatch
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
}

const pageSize = 100
const firstPauseMs = 50
const pollMs = 1_000

/** What a poll received becomes messages, too. */
export interface PolledMessages extends Messages {
  deliver(rows: AcceptedOf<typeof messageReceive>['messages']): Delivered[]
}

export function createMessages({
  database,
  project,
  watch,
  clock,
  logger,
  random,
}: MessagesDependencies): PolledMessages {
  const calls = {
    send: callable(database, messageSend),
    receive: callable(database, messageReceive),
    ack: callable(database, messageAck),
    extend: callable(database, messageExtend),
    nack: callable(database, messageNack),
    reply: callable(database, messageReply),
  }

  interface Extra extends SendOptions {
    replyTo?: string
    await?: boolean
  }
  async function post(to: string | null, type: string, payload: Storable, options: Extra = {}): Promise<SentMessage> {
    const { signal, timeoutMs, ttlSeconds: ttlS, key = uuidv7(), ...rest } = options
    const args = { ...rest, to, type, payload: copyStorable('payload', payload), ttlS, key, project }
    const answer = await calls.send(args, { signal, timeoutMs })
    if (!answer.ok) throw toDenied(answer)
    const { message: id, recipients, skipped, replayed } = answer
    return { id, recipients, skipped, replayed }
  }

  async function request(
    to: string,
    type: string,
    payload: Storable = {},
    { timeoutMs = 30_000, signal, ...options }: RequestOptions = {},
  ): Promise<Reply> {
    const until = clock.monotonic() + timeoutMs
    const ttlSeconds = Math.max(1, Math.ceil(timeoutMs / 1000))
    const hints = openMessageHints({ database, project, clock, logger })
    try {
      const { id } = await post(to, type, payload, { ...options, signal, timeoutMs, ttlSeconds, await: true })
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, pollMs)) {
        const leftMs = Math.max(0, until - clock.monotonic())
        await hints.wait(Math.min(pauseMs, leftMs), signal)
        signal?.throwIfAborted()
        const found = await calls.reply({ message: id, project }, { signal, timeoutMs: Math.max(1_000, leftMs) })
        if (found.reply !== null) {
          const { message, from, type: kind, payload: body } = found.reply
          return { id: message, from, type: kind, payload: body }
        }
        if (found.status === 'dead') {
          throw new CoreError('E_CONFLICT', `${to} has rejected the request: ${found.error ?? 'without a reason'}`, {
            details: { reason: 'request_rejected', message: id },
          })
        }
        if (found.status === 'late' || clock.monotonic() >= until) {
          throw new CoreError('E_TIMEOUT', `${to} has not replied within ${timeoutMs} ms`, { details: { message: id } })
        }
      }
    } finally {
      await hints.close()
    }
  }

  async function receive({
    limit,
    visibleSeconds = 30,
    holder,
    ...options
  }: { limit?: number; visibleSeconds?: number; holder?: string } & CallOptions = {}): Promise<Delivered[]> {
    const { messages } = await calls.receive({ limit, visibleS: visibleSeconds, holder, project }, options)
    return deliver(messages)
  }

  function deliver(rows: AcceptedOf<typeof messageReceive>['messages']): Delivered[] {
    const nack: NackDelivery = async (held, error, { outcome, delayMs, ...options } = {}) => {
      const answer = await calls.nack({ ...held, error, outcome, delayMs, project }, options)
      return answer.ok ? answer.status : 'stale'
    }
    return rows.map((row) => toDelivered(row, { ack, nack, reply }))
  }

  async function ack(held: readonly Held[], options?: CallOptions): Promise<readonly string[]> {
    const [deliveries, fences] = [held.map(({ delivery }) => delivery), held.map(({ fence }) => fence)]
    return (await calls.ack({ deliveries, fences, project }, options)).lost
  }

  async function extend(held: readonly Held[], visibleSeconds: number, options?: CallOptions) {
    const [deliveries, fences] = [held.map(({ delivery }) => delivery), held.map(({ fence }) => fence)]
    return (await calls.extend({ deliveries, fences, visibleS: visibleSeconds, project }, options)).lost
  }

  function reply(
    message: string,
    payload: Storable = {},
    { type = 'reply', ...options }: SendOptions & { type?: string } = {},
  ): Promise<SentMessage> {
    return post(null, type, payload, { ...options, replyTo: message })
  }

  return {
    send: (to, type, payload = {}, options = {}) => post(to, type, payload, options),
    broadcast: (type, payload = {}, options = {}) => post('*', type, payload, options),
    request,
    reply,
    receive,
    deliver,
    inbox: (options) =>
      readInbox(
        {
          receive,
          extend,
          clock,
          logger,
          random,
          watch,
        },
        options,
      ),
    ack,
    extend,
    async *list(filter = {}, options) {
      const read = callable(database, messageList)
      for (let before: string | undefined; ; ) {
        const page: AcceptedOf<typeof messageList> = await read(
          { ...filter, before, limit: pageSize, project },
          options,
        )
        yield* page.messages
        if (page.next === null) return
        before = page.next
      }
    },
    async get(message, options) {
      const { ok: _, ...details } = await callable(database, messageGet)({ message, project }, options)
      return details
    },
    async retry(delivery, options) {
      return (await callable(database, messageRetry)({ delivery, project }, options)).retried
    },
    async stats(options) {
      const { ok: _, ...stats } = await callable(database, messageStats)({ project }, options)
      return stats
    },
    async subscribe(topic, options) {
      const answer = await callable(database, topicSubscribe)({ topic, project }, options)
      if (!answer.ok) throw toDenied(answer)
    },
    async unsubscribe(topic, options) {
      return (await callable(database, topicUnsubscribe)({ topic, project }, options)).removed
    },
    async subscriptions(options) {
      return (await callable(database, topicList)({ project }, options)).topics
    },
  }
}

function toDenied({
  ok: _,
  code: reason,
  ...facts
}: DeniedOf<typeof messageSend> | DeniedOf<typeof topicSubscribe>): CoreError {
  const sentences = {
    bound_reached: 'an inbox or a project has as much of this as it may',
    reply_given: 'the message has its reply: the first one counts',
    reply_late: 'the deadline of the message has passed',
  } as const
  return new CoreError('E_CONFLICT', sentences[reason], { details: { reason, ...facts } })
}
