import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

export interface SlowBodies {
  /** Until it is disposed, the request may take longer than the limit on whole requests; it has limits of its own. */
  allow(request: Pick<IncomingMessage, 'socket'>): Disposable
  /** Whether an error is that limit, for a request that may take longer. */
  isMeant(error: NodeJS.ErrnoException, socket: Duplex): boolean
}

/** Node has one time limit for all requests of a server, and reports each that passes it once. */
export function createSlowBodies(): SlowBodies {
  const allowed = new Set<Duplex>()
  return {
    allow({ socket }) {
      allowed.add(socket)
      return { [Symbol.dispose]: () => void allowed.delete(socket) }
    },
    isMeant: ({ code }, socket) => code === 'ERR_HTTP_REQUEST_TIMEOUT' && allowed.has(socket),
  }
}
