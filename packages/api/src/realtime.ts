import { type Clock, CoreError, isObject, systemClock, toHeaderValue } from '@core/foundation'
import type { Topic } from './contract/topic.ts'
import { type Channel, type Cursor, createChannel, type RawItem, type RealtimeItem } from './realtime/channel.ts'
import { checkEvent } from './realtime/read-frame.ts'
import { createSocketLink, type WebSocketLike } from './realtime/socket-link.ts'
import { runStream } from './realtime/stream-link.ts'

export { type EventData, type EventType, type Topic, topicNames } from './contract/topic.ts'
export { topics } from './nouns.ts'
export type { Cursor, RealtimeEvent, RealtimeItem, RealtimeResync } from './realtime/channel.ts'
export type { WebSocketLike } from './realtime/socket-link.ts'

/** Opens a socket, with these headers where it can. */
export type SocketOpener = (url: string, headers: Readonly<Record<string, string>>) => WebSocketLike

export interface RealtimeOptions {
  /** Where the control plane is: `http://127.0.0.1:4400`. */
  readonly url: string
  /** A key with the scope `event:read` and those of the topics. */
  readonly key: string
  /** Whose events to hear, for the owner. Default: the key's own project; for the owner all of them. */
  readonly project?: string | undefined
  /** `auto`: a WebSocket, and server-sent events where none gets through. */
  readonly transport?: 'auto' | 'websocket' | 'sse'
  /** What opens sockets. Default: the global `WebSocket`. Browsers cannot send the headers; the first frame does it. */
  readonly openWebSocket?: SocketOpener | undefined
  /** What opens streams. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
  readonly clock?: Clock
  readonly random?: () => number
}

export interface SubscribeOptions {
  /** The last event that was seen; what follows it is replayed. Left out: from now on. */
  readonly since?: Cursor | undefined
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined
}

export interface RealtimeClient extends AsyncDisposable {
  /**
   * The events of a topic, each once and in order, through any number of broken connections. An item of the kind
   * `resync` says that what came before is not followed by what comes next. A reader that is slow delays no other:
   * what does not fit is fetched again. The iteration ends with the signal or `close`; it throws E_UNAUTHENTICATED,
   * E_FORBIDDEN or E_NOT_FOUND where trying again is no use. Subscribes when it is called, not when it is read.
   */
  subscribe<Name extends Topic>(topic: Name, options?: SubscribeOptions): AsyncIterable<RealtimeItem<Name>>
  close(): Promise<void>
}

/** Hears events of the control plane. Connects with the first subscription; every subscription shares one socket. */
export function createRealtimeClient(options: RealtimeOptions): RealtimeClient {
  const { clock = systemClock, random = Math.random, url, project } = options
  const key = toHeaderValue('the key', options.key)
  const open = options.openWebSocket ?? defaultWebSocket()
  const closing = new AbortController()
  const channels = new Set<Channel>()
  const runs = new Set<Promise<void>>()
  let mode: 'websocket' | 'sse' = options.transport === 'sse' || open === undefined ? 'sse' : 'websocket'
  const socketOver = new AbortController()
  let isRunning = false

  const link =
    open === undefined
      ? undefined
      : createSocketLink({
          url,
          key,
          project,
          open,
          clock,
          random,
          onFailedAttempt: (...facts) => void diagnose(...facts).catch(() => undefined),
        })

  /** A socket does not show why it was refused; a plain request does. */
  async function diagnose(attempts: number, everWorked: boolean): Promise<void> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(5000)])
    const headers = { authorization: `Bearer ${key}` }
    const send = options.fetch ?? fetch
    const answer = await send(`${url.replace(/\/+$/, '')}/v1/me`, { headers, signal }).catch(() => undefined)
    if (closing.signal.aborted || answer === undefined) return
    if (answer.status === 401) link?.fail(new CoreError('E_UNAUTHENTICATED', 'the control plane refused the key'))
    if (answer.status !== 200) return
    const me: unknown = await answer.json()
    const scopes = isObject(me) ? me['scopes'] : undefined
    if (!Array.isArray(scopes)) return
    if (!scopes.includes('event:read')) {
      link?.fail(new CoreError('E_FORBIDDEN', 'this key lacks the scope event:read'))
    } else if (!everWorked && attempts >= attemptsBeforeStreams) fallBack()
  }

  /** Plain requests get through and sockets never have: something between lets none pass. */
  function fallBack(): void {
    if (options.transport === 'websocket' || mode === 'sse') return
    mode = 'sse'
    socketOver.abort()
    for (const channel of channels) {
      link?.remove(channel)
      stream(channel)
    }
  }

  function keep(run: Promise<void>): void {
    runs.add(run)
    void run.finally(() => runs.delete(run))
  }

  function stream(channel: Channel): void {
    const fetchOption = options.fetch ?? fetch
    const streamed = { url, key, project: project ?? 'current', fetch: fetchOption, clock, random }
    keep(runStream(channel, closing.signal, streamed).catch((cause) => channel.fail(asCoreError(cause))))
  }

  function attach(channel: Channel): void {
    channels.add(channel)
    if (mode === 'sse' || link === undefined) {
      stream(channel)
      return
    }
    link.add(channel)
    if (isRunning) return
    isRunning = true
    keep(link.run(AbortSignal.any([closing.signal, socketOver.signal])))
  }

  async function close(): Promise<void> {
    closing.abort()
    for (const channel of channels) channel.end()
    await Promise.all(runs)
  }

  return {
    subscribe(topic, { since, signal } = {}) {
      if (closing.signal.aborted) throw new CoreError('E_CLOSED', 'this client was closed')
      const channel = createChannel(topic, since)
      const end = () => {
        channel.end()
        channels.delete(channel)
        link?.remove(channel)
        signal?.removeEventListener('abort', end)
      }
      attach(channel)
      if (signal?.aborted) end()
      signal?.addEventListener('abort', end, { once: true })
      return readItems(topic, channel, end)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function* readItems<Name extends Topic>(
  topic: Name,
  channel: Channel,
  end: () => void,
): AsyncGenerator<RealtimeItem<Name>, void, undefined> {
  try {
    for (;;) {
      const item = await channel.next()
      if (item === undefined) return
      if (isItemOf(topic, item)) yield item
      else if (item.kind === 'event' && checkEvent(topic, item.type, item.data) === 'misfit') throw misfit(item)
    }
  } finally {
    end()
  }
}

function misfit({ topic, type, seq }: { topic: Topic; type: string; seq: number }): CoreError {
  return new CoreError('E_INTERNAL', `the event ${topic} ${type} has data this client does not understand`, {
    fix: 'Use the client of the same version as the control plane.',
    details: { topic, type, seq },
  })
}

/** Checks the data against the contract. Types of a later version, which this one does not know, are passed over. */
function isItemOf<Name extends Topic>(topic: Name, item: RawItem): item is RawItem & RealtimeItem<Name> {
  if (item.kind === 'resync') return true
  return item.topic === topic && checkEvent(topic, item.type, item.data) === 'fits'
}

const attemptsBeforeStreams = 3

function defaultWebSocket(): SocketOpener | undefined {
  if (typeof WebSocket === 'undefined') return undefined
  // Node's own takes headers, and with them a refusal costs no socket; the constructor of browsers would throw.
  const takesHeaders = typeof process !== 'undefined' && process.versions?.node !== undefined
  return (url, headers) => (takesHeaders ? new WebSocket(url, { headers: { ...headers } }) : new WebSocket(url))
}

function asCoreError(cause: unknown): CoreError {
  return cause instanceof CoreError ? cause : new CoreError('E_INTERNAL', 'the event stream failed', { cause })
}
