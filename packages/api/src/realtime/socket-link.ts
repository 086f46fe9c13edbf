import { type Clock, CoreError } from '@core/foundation'
import type { Topic } from '../contract/topic.ts'
import { createBackoff } from './backoff.ts'
import type { Channel } from './channel.ts'
import type { ClientFrame, ServerFrame } from './frame.ts'
import { readFrame } from './read-frame.ts'

/** What is needed of a WebSocket: that of browsers, of Node, or of the package ws. */
export interface WebSocketLike {
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data?: unknown }) => void): void
}

export interface SocketLinkOptions {
  readonly url: string
  readonly key: string
  readonly project: string | undefined
  readonly open: (url: string, headers: Readonly<Record<string, string>>) => WebSocketLike
  readonly clock: Clock
  readonly random: () => number
  /** Called when a connection did not come about: how many times in a row, and whether one ever did. */
  readonly onFailedAttempt: (attempts: number, everWorked: boolean) => void
}

export interface SocketLink {
  add(channel: Channel): void
  remove(channel: Channel): void
  /** Ends every channel: no further attempt would help. */
  fail(error: CoreError): void
  /** Resolves when the link is closed. */
  run(signal: AbortSignal): Promise<void>
}

const pingEveryMs = 20_000
/** Silent for longer than two pings: the line is dead. */
const silenceMs = 45_000
const welcomeWithinMs = 10_000

/** One subscription on the line serves every channel of its topic. */
interface Wire {
  readonly id: string
  /** Channels that take events: those whose cursor the line has caught up with. */
  readonly open: Set<Channel>
}

/** Feeds any number of channels over one socket, and over the next when it breaks, from the cursor of each. */
export function createSocketLink(options: SocketLinkOptions): SocketLink {
  const { url, key, project, clock, random } = options
  const address = `${url.replace(/\/+$/, '').replace(/^http/, 'ws')}/v1/realtime`
  const backoff = createBackoff(random)
  const channels = new Set<Channel>()
  const wires = new Map<Topic, Wire>()
  let say: ((frame: ClientFrame) => void) | undefined
  let nextId = 0
  let failedAttempts = 0
  let wasEverWelcome = false

  /** Subscribes a topic again, from the cursor of the channel that is furthest back. */
  function wire(topic: Topic): void {
    if (say === undefined) return
    const before = wires.get(topic)
    if (before !== undefined) say({ op: 'unsubscribe', id: before.id })
    wires.delete(topic)
    const hearing = [...channels].filter((channel) => channel.topic === topic)
    if (hearing.length === 0) return
    const id = String(nextId++)
    const known = hearing.flatMap((channel) => channel.cursor() ?? [])
    const [back] = known.sort((left, right) => left.seq - right.seq)
    // Those that were open stay so: they drop what comes again.
    wires.set(topic, { id, open: before?.open ?? new Set() })
    say({
      op: 'subscribe',
      id,
      topic,
      ...(back === undefined ? {} : { since: back.seq }),
      ...(back?.epoch === undefined ? {} : { epoch: back.epoch }),
      ...(project === undefined ? {} : { project }),
    })
  }

  function hear(frame: ServerFrame): void {
    switch (frame.op) {
      case 'welcome':
        wasEverWelcome = true
        failedAttempts = 0
        for (const topic of new Set([...channels].map((channel) => channel.topic))) wire(topic)
        break
      case 'subscribed':
      case 'resync':
        start(frame)
        break
      case 'event': {
        const { op, ...event } = frame
        for (const channel of [...(wires.get(frame.topic)?.open ?? [])]) {
          if (!channel.accept({ kind: 'event', ...event })) waitForRoom(channel)
        }
        break
      }
      case 'error':
        refuse(frame)
        break
      case 'bye':
        if (frame.retryAfterMs === null) failAll(new CoreError('E_UNAUTHENTICATED', frame.reason))
        break
      case 'unsubscribed':
      case 'pong':
        break
      default:
        frame satisfies never
    }
  }

  function start(frame: ServerFrame & { op: 'subscribed' | 'resync' }): void {
    const wire = wires.get(frame.topic)
    if (wire?.id !== frame.id) return
    backoff.reset()
    for (const channel of channels) {
      if (channel.topic !== frame.topic) continue
      wire.open.add(channel)
      const { epoch, seq } = frame
      if (frame.op === 'subscribed') channel.begin({ epoch, seq })
      else if (!channel.accept({ kind: 'resync', epoch, seq, reason: frame.reason })) waitForRoom(channel)
    }
  }

  /** The reader is behind: what does not fit is fetched again when there is room. */
  function waitForRoom(channel: Channel): void {
    wires.get(channel.topic)?.open.delete(channel)
    void channel.room().then(() => {
      if (channels.has(channel) && !wires.get(channel.topic)?.open.has(channel)) wire(channel.topic)
    })
  }

  function refuse(frame: ServerFrame & { op: 'error' }): void {
    const [topic] = [...wires].find(([, { id }]) => id === frame.id) ?? []
    if (topic === undefined) return
    wires.delete(topic)
    if (frame.code === 'unavailable') {
      void clock.sleep(backoff.nextMs(), { unref: true }).then(() => wires.has(topic) || wire(topic))
      return
    }
    const code = frame.code === 'forbidden' ? 'E_FORBIDDEN' : frame.code === 'not_found' ? 'E_NOT_FOUND' : 'E_INVALID'
    for (const channel of channels) if (channel.topic === topic) channel.fail(new CoreError(code, frame.detail))
  }

  function failAll(error: CoreError): void {
    for (const channel of channels) channel.fail(error)
    channels.clear()
  }

  /** One connection, from its opening to its end. Resolves with when the server wants us back. */
  function connect(signal: AbortSignal): Promise<number | null> {
    return new Promise((resolve) => {
      const socket = options.open(address, { authorization: `Bearer ${key}` })
      let wasWelcome = false
      let retryAfterMs: number | null = null
      let heardAtMs = clock.monotonic()
      const speak = (frame: ClientFrame) => socket.send(JSON.stringify(frame))
      const finish = () => {
        clearInterval(pulse)
        signal.removeEventListener('abort', finish)
        say = undefined
        wires.clear()
        socket.close(1000)
        resolve(retryAfterMs)
      }
      const pulse = setInterval(() => {
        const silentMs = clock.monotonic() - heardAtMs
        if (silentMs > (wasWelcome ? silenceMs : welcomeWithinMs)) finish()
        else if (wasWelcome && silentMs > pingEveryMs) speak({ op: 'ping' })
      }, 5000)
      signal.addEventListener('abort', finish, { once: true })
      socket.addEventListener('open', () => speak({ op: 'authenticate', token: key }))
      socket.addEventListener('close', finish)
      socket.addEventListener('error', finish)
      socket.addEventListener('message', ({ data }) => {
        heardAtMs = clock.monotonic()
        const frame = readFrame(String(data))
        if (frame === undefined || signal.aborted) return
        if (frame.op === 'bye') retryAfterMs = frame.retryAfterMs
        if (frame.op === 'welcome') {
          wasWelcome = true
          say = speak
        }
        hear(frame)
      })
    })
  }

  return {
    add(channel) {
      channels.add(channel)
      wire(channel.topic)
    },
    remove(channel) {
      channels.delete(channel)
      const held = wires.get(channel.topic)
      held?.open.delete(channel)
      if (held !== undefined && ![...channels].some(({ topic }) => topic === channel.topic)) wire(channel.topic)
    },
    fail: failAll,
    async run(signal) {
      while (!signal.aborted) {
        failedAttempts++
        const retryAfterMs = await connect(signal)
        if (signal.aborted) return
        if (failedAttempts > 0) options.onFailedAttempt(failedAttempts, wasEverWelcome)
        await clock.sleep(backoff.nextMs(retryAfterMs), { signal }).catch(() => undefined)
      }
    },
  }
}
