import { once } from 'node:events'
import { type ClientFrame, type EventFrame, type ServerFrame, serverFrameSchema } from '@core/api'
import WebSocket from 'ws'

/** A bare socket, for tests of what goes over the line. Every frame of the server is checked against the contract. */
export interface FrameSocket {
  readonly socket: WebSocket
  readonly frames: ServerFrame[]
  send(frame: ClientFrame | Record<string, unknown>): void
  /** The next frame that was not taken before, of this kind. */
  next<Op extends ServerFrame['op']>(op: Op, timeoutMs?: number): Promise<ServerFrame & { op: Op }>
  events(): EventFrame[]
  readonly closed: Promise<{ code: number; reason: string }>
}

export async function openSocket(url: string, key?: string): Promise<FrameSocket> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/realtime`, { headers })
  const frames: ServerFrame[] = []
  const taken = new Set<ServerFrame>()
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  socket.on('message', (data) => frames.push(serverFrameSchema.parse(JSON.parse(String(data)))))
  socket.on('error', () => undefined)
  await Promise.race([
    once(socket, 'open'),
    closed.then(({ code }) => {
      throw new Error(`the socket closed with ${code} before it opened`)
    }),
  ])
  return {
    socket,
    frames,
    closed,
    send: (frame) => socket.send(JSON.stringify(frame)),
    events: () => frames.filter((frame) => frame.op === 'event'),
    async next(op, timeoutMs = 5000) {
      const until = performance.now() + timeoutMs
      for (;;) {
        const found = frames.find((frame) => frame.op === op && !taken.has(frame))
        if (found?.op === op) {
          taken.add(found)
          return found as ServerFrame & { op: typeof op }
        }
        if (performance.now() > until) throw new Error(`no ${op} came; there were ${JSON.stringify(frames.slice(-5))}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

/** Listens on a free port. */
export async function listen(app: {
  listen(options: { host: string; port: number }): Promise<string>
}): Promise<string> {
  return app.listen({ host: '127.0.0.1', port: 0 })
}
