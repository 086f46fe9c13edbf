import type { ServerResponse } from 'node:http'
import { type RealtimeLimits, type Topic, topics } from '@core/api'
import type { MemberClaims } from '@core/database'
import type { Logger } from '@core/foundation'
import { requireScope } from '../auth/keyring.ts'
import { ProblemError } from '../http/problem-error.ts'
import type { Connection, Connections } from './connections.ts'
import type { OutboxEvent } from './outbox-event.ts'
import type { Credential } from './socket-connection.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface StreamDependencies {
  readonly connections: Connections
  readonly subscriptions: Subscriptions
  readonly limits: RealtimeLimits
  readonly logger: Logger
}

export interface StreamRequest extends Credential {
  readonly project: string
  /** What bounds its reads of the past. */
  readonly claims: MemberClaims
  readonly topics: readonly Topic[]
  readonly since: { readonly seq: number; readonly epoch: string | undefined } | undefined
}

const retryMs = 2000
/** How long the client may take to read the end of its stream. */
const closeWithinMs = 3000

/**
 * Sends events as server-sent events until the client goes. One order over all its topics, so that the last id is
 * enough to resume from. Throws a problem, before anything is sent, where the credential or the server does not allow it.
 */
export async function openStream(
  request: StreamRequest,
  { connections, subscriptions, limits, logger }: StreamDependencies,
): Promise<(response: ServerResponse) => void> {
  const { principal, token, project, since } = request
  for (const topic of request.topics) requireScope(principal, topics[topic].scope)
  await subscriptions.feed.ready()

  let out: ServerResponse | undefined
  let subscription: Disposable | undefined
  const connection: Connection = {
    end(code, reason, retryAfterMs) {
      if (out === undefined || out.writableEnded) return
      const bye = { op: 'bye', code, reason, retryAfterMs }
      out.end(`${retryAfterMs === null ? '' : `retry: ${retryAfterMs}\n`}event: bye\ndata: ${JSON.stringify(bye)}\n\n`)
      subscription?.[Symbol.dispose]()
      setTimeout(() => out?.destroy(), closeWithinMs).unref()
    },
    destroy: () => out?.destroy(),
    beat: () => void (out?.writableEnded === false && out.write(': alive\n\n')),
    flush: () => false,
  }
  const admission = connections.add(connection, principal, token)
  if (admission.status === 'too_many_of_credential') {
    throw new ProblemError('rate_limited', 'too many connections of this credential', {
      headers: { 'retry-after': '10' },
    })
  }
  if (admission.status !== 'admitted') throw new ProblemError('unavailable', 'the server takes no more streams')

  function leave(): void {
    subscription?.[Symbol.dispose]()
    if (admission.status === 'admitted') admission.place[Symbol.dispose]()
  }

  return (response) => {
    out = response
    const { feed } = subscriptions
    const isFull = () => response.writableLength > limits.maxBufferedBytes
    const write = (name: string, seq: number, frame: object) =>
      response.write(`event: ${name}\nid: ${feed.epoch}:${seq}\ndata: ${JSON.stringify(frame)}\n\n`)
    response.on('close', leave)
    response.write(`retry: ${retryMs}\n\n`)
    subscription = subscriptions.add({
      topics: request.topics,
      project,
      claims: request.claims,
      since: since?.seq,
      epoch: since?.epoch,
      isFull,
      onStart(seq, reason) {
        const op = reason === undefined ? 'subscribed' : 'resync'
        write(op, seq, {
          op,
          topics: request.topics,
          epoch: feed.epoch,
          seq,
          ...(reason === undefined ? {} : { reason }),
        })
      },
      onEvent(event: OutboxEvent) {
        if (response.writableEnded) return
        // A state may not be thinned out here: the id is one for all topics and must only grow.
        if (isFull()) return connection.end(1013, 'this client reads too slowly', 1000)
        response.write(`id: ${feed.epoch}:${event.seq}\ndata: `)
        response.write(event.frame)
        response.write('\n\n')
      },
      onFailure(error) {
        logger.warn({ component: 'realtime', err: error }, 'a replay failed')
        connection.end(1013, 'the past cannot be read now', 1000)
      },
    })
    if (response.destroyed) leave()
  }
}
