import { type IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** A connection that asked to become something else, until it does or is answered like any other request. */
export interface PendingUpgrade {
  readonly socket: Socket
  readonly head: Buffer
  /** Lets go of the response that would have refused it. */
  release(): void
}

export interface Upgrades {
  /** The upgrade a request asks for, if it does. */
  take(request: IncomingMessage): PendingUpgrade | undefined
}

/**
 * Sends requests that ask for an upgrade through the same router, hooks and error handling as all others: what
 * protects a route protects its socket, and a refusal is an ordinary answer.
 */
export function installUpgrade(
  app: FastifyInstance,
  answerBrokenRequest: (error: Error, socket: Duplex) => unknown,
): Upgrades {
  const pending = new WeakMap<IncomingMessage, PendingUpgrade>()
  app.server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    if (!(socket instanceof Socket)) return // a server of http hands over sockets only
    socket.on('error', () => socket.destroy())
    // Older releases of Node hand over any upgrade, and do not read the body of its request.
    if (request.method !== 'GET') return void answerBrokenRequest(new Error('only GET can be upgraded'), socket)
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.end())
    pending.set(request, { socket, head, release: () => response.detachSocket(socket) })
    app.routing(request, response)
  })
  return { take: (request) => pending.get(request) }
}
