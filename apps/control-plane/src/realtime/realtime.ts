import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RealtimeLimits, realtimeLimits, type Topic } from '@core/api'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import type { FastifyInstance } from 'fastify'
import { WebSocketServer } from 'ws'
import type { Keyring } from '../auth/keyring.ts'
import type { ProjectDirectory } from '../auth/project-directory.ts'
import { ProblemError } from '../http/problem-error.ts'
import { type Connections, createConnections } from './connections.ts'
import { openStream, type StreamDependencies, type StreamRequest } from './event-stream.ts'
import type { OutboxEvent } from './outbox-event.ts'
import { type Credential, type SocketDependencies, serveSocket } from './socket-connection.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'
import { installUpgrade, type Upgrades } from './upgrade.ts'

export interface RealtimeDependencies {
  readonly projects: ProjectDirectory
  readonly database: Pick<Database, 'rpc' | 'listen'>
  readonly keyring: Pick<Keyring, 'resolve'>
  readonly logger: Logger
  readonly limits?: Partial<RealtimeLimits>
  readonly pollEveryMs?: number
}

/** Called with each event of a topic before its subscribers receive it. */
export type TopicListeners = Readonly<Partial<Record<Topic, (event: OutboxEvent) => void>>>

export interface Realtime extends AsyncDisposable {
  readonly connections: Pick<
    Connections,
    'count' | 'drain' | 'verifyCredential' | 'verifyLogin' | 'setExpiry' | 'revoke'
  >
  readonly subscriptions: Pick<Subscriptions, 'has' | 'feed'>
  /** Adds listeners; of a topic all are called, in the order in which they were added. */
  addListeners(listeners: TopicListeners): void
  /** Routes upgrades through the server's router, and closes sockets before the server closes. */
  install(app: FastifyInstance, answerBrokenRequest: (error: Error, socket: Duplex) => unknown): void
  /** Turns a request into a socket. Throws a problem where it is not one, or cannot be served. */
  acceptSocket(
    request: IncomingMessage,
    credential: Credential | undefined,
    authenticate: SocketDependencies['authenticate'],
  ): () => void
  openStream(request: StreamRequest): ReturnType<typeof openStream>
}

/** Everything that sends events: the poller of the outbox, the subscriptions, and the connections to the clients. */
export function createRealtime({
  database,
  projects,
  keyring,
  logger,
  pollEveryMs,
  ...options
}: RealtimeDependencies): Realtime {
  const limits: RealtimeLimits = { ...realtimeLimits, ...options.limits }
  const listeners: TopicListeners[] = []
  const connections = createConnections({ keyring, limits, logger })
  const subscriptions = createSubscriptions({
    database,
    logger,
    ...(pollEveryMs === undefined ? {} : { pollEveryMs }),
    onEvent(event) {
      for (const added of listeners) added[event.topic]?.(event)
    },
  })
  const dependencies: StreamDependencies = { connections, subscriptions, limits, logger }
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // some 300 KB per socket, for frames of a few hundred bytes
    maxPayload: limits.maxFrameBytes,
  })
  let upgrades: Upgrades | undefined

  return {
    connections,
    subscriptions,
    addListeners: (added) => void listeners.push(added),
    install(app, answerBrokenRequest) {
      upgrades = installUpgrade(app, answerBrokenRequest)
      app.addHook('preClose', async () => connections.drain())
      app.addHook('onClose', () => dispose())
    },
    acceptSocket(request, credential, authenticate) {
      const upgrade = upgrades?.take(request)
      if (upgrade === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') {
        throw new ProblemError('upgrade_required', 'open this address with a WebSocket client', {
          headers: { upgrade: 'websocket' },
        })
      }
      if (connections.isDraining) throw new ProblemError('unavailable', 'the server is shutting down')
      return () => {
        upgrade.release()
        server.handleUpgrade(request, upgrade.socket, upgrade.head, (socket) =>
          serveSocket(socket, credential, { ...dependencies, projects, authenticate }),
        )
      }
    },
    openStream: (request) => openStream(request, dependencies),
    [Symbol.asyncDispose]: dispose,
  }

  async function dispose(): Promise<void> {
    await connections[Symbol.asyncDispose]()
    await subscriptions[Symbol.asyncDispose]()
  }
}
