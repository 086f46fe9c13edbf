import { type ClientFrame, type RealtimeLimits, type ServerFrame, type Topic, topics } from '@core/api'
import type { Logger } from '@core/foundation'
import type { WebSocket } from 'ws'
import { bindTo, type Principal } from '../auth/principal.ts'
import { claimsWithin, type ProjectDirectory } from '../auth/project-directory.ts'
import type { Connection } from './connections.ts'
import type { OutboxEvent } from './outbox-event.ts'
import { createSendQueue } from './send-queue.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface SocketSubscriptionsOptions {
  readonly socket: WebSocket
  readonly send: (frame: ServerFrame) => void
  /** Ends the connection. */
  readonly end: Connection['end']
  /** Called when events wait: from then on `flush` has to be called until none does. */
  readonly onCongested: () => void
  readonly subscriptions: Subscriptions
  readonly projects: ProjectDirectory
  readonly limits: RealtimeLimits
  readonly logger: Logger
}

/** What one socket is subscribed to, and the events that wait for it. */
export interface SocketSubscriptions {
  subscribe(frame: ClientFrame & { op: 'subscribe' }, known: Principal): Promise<void>
  unsubscribe(id: string): void
  /** Sends what waits, as far as there is room. True when something still waits. */
  flush(): boolean
  /** Ends all of them, for good. */
  stop(): void
}

interface Held {
  readonly topic: Topic
  readonly subscription: Disposable
}

/** What is missing and what is somebody else's look the same. */
const hidden = { code: 'not_found', detail: 'not found, or not visible to this credential' } as const

export function createSocketSubscriptions(options: SocketSubscriptionsOptions): SocketSubscriptions {
  const { socket, send, end, onCongested, subscriptions, projects, limits, logger } = options
  const held = new Map<string, Held>()
  const queue = createSendQueue({
    send: ({ frame }) => socket.send(frame, { binary: false }),
    isFull,
    maxWaiting: limits.maxWaitingStates,
  })
  let isStopped = false

  return {
    async subscribe({ id, topic, since, epoch, project }, known) {
      const bound = known.project || project
      const claims = bound === undefined ? undefined : await claimsWithin(known, bound, projects)
      if (isStopped) return
      const isHidden = bound !== undefined && claims === undefined
      const refusal = refusalOf(id, topic, project, known) ?? (isHidden ? hidden : undefined)
      if (refusal !== undefined) {
        send({ op: 'error', id, ...refusal })
        return
      }
      if (held.size >= limits.maxSubscriptions) {
        end(4429, 'too many subscriptions', 10_000)
        return
      }
      held.set(id, { topic, subscription: { [Symbol.dispose]() {} } })
      const subscription = subscriptions.add({
        topics: [topic],
        project: bound,
        claims,
        since,
        epoch,
        isFull,
        onStart: (seq, reason) => {
          const start = { id, topic, epoch: subscriptions.feed.epoch, seq }
          send(reason === undefined ? { op: 'subscribed', ...start } : { op: 'resync', ...start, reason })
        },
        onEvent: deliver,
        onFailure: (error) => {
          logger.warn({ component: 'realtime', err: error }, 'a replay failed')
          held.delete(id)
          send({ op: 'error', id, code: 'unavailable', detail: 'the past cannot be read now; subscribe again' })
        },
      })
      held.set(id, { topic, subscription })
    },

    unsubscribe(id) {
      const found = held.get(id)
      if (found === undefined) {
        send({ op: 'error', id, code: 'not_found', detail: `there is no subscription ${id}` })
        return
      }
      found.subscription[Symbol.dispose]()
      held.delete(id)
      queue.clear(found.topic) // nothing may follow the answer
      send({ op: 'unsubscribed', id })
    },

    flush: () => queue.flush(),

    stop() {
      isStopped = true
      for (const { subscription } of held.values()) subscription[Symbol.dispose]()
      held.clear()
      queue.clear()
    },
  }

  function isFull(): boolean {
    return socket.bufferedAmount > limits.maxBufferedBytes
  }

  function refusalOf(id: string, topic: Topic, project: string | undefined, known: Principal) {
    const { scope } = topics[topic]
    const named = project ?? known.project
    if (named === '') return { code: 'invalid', detail: 'this credential has no single project: name one' } as const
    const bound = named === undefined ? known : bindTo(known, named)
    if (bound === undefined) {
      return hidden
    } else if (!bound.scopes.has(scope)) {
      return { code: 'forbidden', detail: `this credential lacks the scope ${scope}` } as const
    } else if (held.has(id)) {
      return { code: 'conflict', detail: `there is a subscription ${id} already` } as const
    } else if ([...held.values()].some((other) => other.topic === topic)) {
      return { code: 'conflict', detail: `this connection already has a subscription to ${topic}` } as const
    }
    return undefined
  }

  /** Sends at once, or keeps the newest state of each thing for a slow reader, or ends the connection: it comes back. */
  function deliver(event: OutboxEvent): void {
    if (isStopped || socket.readyState !== socket.OPEN) return
    const outcome = queue.offer(event)
    if (outcome === 'waiting') onCongested()
    else if (outcome === 'refused') end(1013, 'this client reads too slowly', 1000)
  }
}
