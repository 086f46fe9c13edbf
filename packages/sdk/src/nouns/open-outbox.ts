import type { Messages, SendOptions, SentMessage } from '@core/coordinator'
import { type CallOptions, CoreError, copyStorable, isCoreError, type Storable } from '@core/foundation'
import { openSpool } from '@core/ledger/spool'
import type { Breaker } from '../breaker.ts'
import type { Context } from './context.ts'

/** On the disk of this process, and sent when the database is back: once, after what was kept before. */
export interface KeptMessage {
  readonly via: 'outbox'
  readonly key: string
}

export interface Outbox {
  readonly send: (
    to: string,
    type: string,
    payload?: Storable,
    options?: SendOptions,
  ) => Promise<SentMessage | KeptMessage>
  readonly pending: number
  flush(options: CallOptions): Promise<void>
  close(): Promise<void>
}

export interface OutboxOptions extends Pick<Context, 'clock' | 'logger'> {
  readonly messages: Pick<Messages, 'send'>
  readonly breaker: Breaker
  readonly file: string
}

const priorities = ['critical', 'high', 'normal', 'low'] as const
const maxBytes = 64 * 1024 * 1024

/** Keeps messages that have a key while the database is away. What is sent while some wait is kept behind them. */
export async function openOutbox({ messages, breaker, file, clock, logger }: OutboxOptions): Promise<Outbox> {
  const closing = new AbortController()
  const spool = await openSpool({
    file,
    clock,
    logger,
    concurrency: 1, // in order
    maxBytes,
    async send({ key, value }) {
      const { to, type, payload, options } = readKept(value)
      await breaker.whenUp(closing.signal)
      await messages.send(to, type, payload, { ...options, key })
    },
  })
  return {
    async send(to, type, payload, options = {}) {
      const { key } = options
      if (key === undefined) return await messages.send(to, type, payload, options)
      if (breaker.isUp && spool.pending === 0) {
        try {
          return await messages.send(to, type, payload, options)
        } catch (error) {
          if (!isCoreError(error, 'E_DATABASE_UNAVAILABLE') && !isCoreError(error, 'E_TIMEOUT')) throw error
        }
      }
      await spool.put({ key, value: toKept(to, type, payload, options) })
      return { via: 'outbox', key }
    },
    get pending() {
      return spool.pending
    },
    flush: (limits) => spool.flush(limits),
    async close() {
      const closed = spool.close() // first: what the abort interrupts stays in the file
      closing.abort(new CoreError('E_CLOSED', 'the core is closed'))
      await closed
    },
  }
}

function toKept(to: string, type: string, payload: Storable | undefined, options: SendOptions): Storable {
  const { priority, ttlSeconds, ordered, maxAttempts } = options
  const fields = { to, type, payload, priority, ttlSeconds, ordered, maxAttempts }
  return copyStorable('message', Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)))
}

function readKept(value: Storable): { to: string; type: string; payload: Storable | undefined; options: SendOptions } {
  const { to, type, payload, priority, ttlSeconds, ordered, maxAttempts }: Partial<Record<string, Storable>> =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : {}
  if (typeof to !== 'string' || typeof type !== 'string') {
    throw new CoreError('E_INVALID', 'the outbox holds an entry that is no message')
  }
  const options: SendOptions = {
    priority: priorities.find((name) => name === priority),
    ttlSeconds: typeof ttlSeconds === 'number' ? ttlSeconds : undefined,
    ordered: typeof ordered === 'boolean' ? ordered : undefined,
    maxAttempts: typeof maxAttempts === 'number' ? maxAttempts : undefined,
  }
  return { to, type, payload, options }
}
