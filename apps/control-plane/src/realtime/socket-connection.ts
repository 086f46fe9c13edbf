import { type ClientFrame, clientFrameSchema, type RealtimeLimits, type ServerFrame } from '@core/api'
import { type Clock, CoreError, isCoreError, type Logger, systemClock } from '@core/foundation'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { requireScope } from '../auth/keyring.ts'
import type { Principal } from '../auth/principal.ts'
import type { ProjectDirectory } from '../auth/project-directory.ts'
import { ProblemError } from '../http/problem-error.ts'
import type { Connection, Connections } from './connections.ts'
import { createSocketSubscriptions } from './socket-subscriptions.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface SocketDependencies {
  readonly connections: Connections
  readonly subscriptions: Subscriptions
  /** Who a token in the first frame belongs to. Throws or rejects as a request with it would. */
  authenticate(token: string): Principal | Promise<Principal>
  readonly projects: ProjectDirectory
  readonly limits: RealtimeLimits
  readonly logger: Logger
  readonly clock?: Clock
}

/** Who an open socket belongs to. */
export interface Credential {
  readonly principal: Principal
  readonly token: string
}

const frameWindowMs = 10_000
/** How long the closing handshake may take. */
const closeWithinMs = 3000

/** How a socket ends for which there is no room. */
const refusals = {
  too_many_of_credential: [4429, 'too many connections of this credential', 10_000],
  too_many: [1013, 'too many connections', 5000],
  draining: [1012, 'the server shuts down', 500],
} as const

/** Speaks the frames of /v1/realtime over one socket. Without a credential the first frame must bring one. */
export function serveSocket(
  socket: WebSocket,
  credential: Credential | undefined,
  dependencies: SocketDependencies,
): void {
  const { connections, subscriptions, authenticate, limits, logger, clock = systemClock } = dependencies
  let principal: Principal | undefined
  let token: string | undefined
  let place: Disposable | undefined
  let isAlive = true
  let isEnding = false
  let framesLeft = limits.maxFramesPer10s
  let windowEndMs = clock.monotonic() + frameWindowMs
  let inLine: Promise<void> = Promise.resolve()

  const connection: Connection = {
    end(code, reason, retryAfterMs) {
      if (isEnding) return
      isEnding = true
      send({ op: 'bye', code, reason, retryAfterMs })
      socket.close(code, reason)
      stop()
      clock.sleep(closeWithinMs, { unref: true }).then(() => socket.terminate())
    },
    destroy: () => socket.terminate(),
    beat() {
      if (!isAlive) {
        socket.terminate()
        return
      }
      isAlive = false
      if (socket.readyState === socket.OPEN) socket.ping()
    },
    flush: () => own.flush(),
  }
  const own = createSocketSubscriptions({
    ...dependencies,
    socket,
    send,
    end: connection.end,
    onCongested: () => connections.markCongested(connection),
  })

  socket.on('message', (data, isBinary) => {
    isAlive = true
    if (isEnding || !spendFrame()) return
    // One after the other: a subscription sent along with the credential waits for its check.
    inLine = inLine.then(() => receive(isBinary ? undefined : String(data))).catch(giveUp)
  })
  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('close', leave)
  socket.on('error', (error) => logger.debug({ component: 'realtime', err: error }, 'a socket failed'))

  if (credential !== undefined) inLine = admit(credential).catch(giveUp)
  else {
    place = connections.addUnknown(connection)
    if (place === undefined) {
      connection.end(1013, 'too many connections without a credential', 5000)
      return
    }
    clock.sleep(limits.authenticateWithinMs, { unref: true }).then(() => {
      if (principal === undefined) connection.end(4401, 'no credential came', null)
    })
  }

  function send(frame: ServerFrame): void {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame))
  }

  /** Nothing more is sent; the connection counts until it is closed. */
  function stop(): void {
    isEnding = true
    own.stop()
  }

  function leave(): void {
    stop()
    place?.[Symbol.dispose]()
    place = undefined
  }

  function giveUp(error: unknown): void {
    if (isEnding) return
    if (isCoreError(error, 'E_UNAUTHENTICATED')) connection.end(4401, error.message, null)
    else if (isCoreError(error, 'E_FORBIDDEN')) connection.end(4403, error.message, null)
    else if (error instanceof ProblemError && error.problem === 'rate_limited') {
      connection.end(4429, error.message, Number(error.options.headers?.['retry-after'] ?? 1) * 1000)
    } else {
      logger.warn({ component: 'realtime', err: error }, 'a socket could not be served')
      connection.end(1013, 'the server cannot serve this now', 1000)
    }
  }

  function spendFrame(): boolean {
    if (clock.monotonic() > windowEndMs) {
      framesLeft = limits.maxFramesPer10s
      windowEndMs = clock.monotonic() + frameWindowMs
    }
    if (framesLeft-- > 0) return true
    connection.end(4429, 'too many frames', frameWindowMs)
    return false
  }

  async function admit({ principal: known, token: shown }: Credential): Promise<void> {
    requireScope(known, 'event:read')
    await subscriptions.feed.ready()
    if (isEnding) return
    place?.[Symbol.dispose]()
    const admission = connections.add(connection, known, shown)
    if (admission.status !== 'admitted') {
      const [code, reason, retryAfterMs] = refusals[admission.status]
      connection.end(code, reason, retryAfterMs)
      return
    }
    place = admission.place
    principal = known
    token = shown
    const { epoch, head: seq } = subscriptions.feed
    send({ op: 'welcome', subject: known.subject, project: known.project || null, epoch, seq })
  }

  async function receive(text: string | undefined): Promise<void> {
    if (isEnding) return
    const frame = readFrame(text)
    if (principal === undefined) {
      if (typeof frame === 'string' || frame.op !== 'authenticate') {
        throw new CoreError('E_UNAUTHENTICATED', 'the first frame must be authenticate')
      }
      await admit({ principal: await authenticate(frame.token), token: frame.token })
    } else if (typeof frame === 'string') send({ op: 'error', code: 'invalid', detail: frame })
    else await answer(frame, principal)
  }

  async function answer(frame: ClientFrame, known: Principal): Promise<void> {
    switch (frame.op) {
      case 'authenticate':
        // A client that cannot know whether its header got through says the same again.
        if (frame.token === token) break
        send({ op: 'error', code: 'conflict', detail: 'this connection has another credential' })
        break
      case 'subscribe':
        await own.subscribe(frame, known)
        break
      case 'unsubscribe':
        own.unsubscribe(frame.id)
        break
      case 'ping':
        send({ op: 'pong' })
        break
      default:
        frame satisfies never
    }
  }
}

/** The frame, or what is wrong with it. */
function readFrame(text: string | undefined): ClientFrame | string {
  if (text === undefined) return 'frames are text'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'a frame is a JSON object'
  }
  const parsed = clientFrameSchema.safeParse(value)
  return parsed.success ? parsed.data : z.prettifyError(parsed.error).slice(0, 500)
}
