import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a server that can be cut: calls under way lose their answers, and new connections are refused. */
export interface Gate extends AsyncDisposable {
  /** The address, with the port of the gate for that of the server. */
  readonly url: string
  close(): Promise<void>
  open(): Promise<void>
}

export async function openGate(target: string): Promise<Gate> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let ownPort = 0

  async function open(): Promise<void> {
    server = createServer((near) => {
      const far = connect({ host: hostname, port: Number(port) })
      for (const socket of [near, far]) {
        sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => {
          sockets.delete(socket)
          near.destroy()
          far.destroy()
        })
      }
      near.pipe(far).pipe(near)
    })
    server.listen(ownPort, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address === 'object' && address !== null) ownPort = address.port
  }

  async function close(): Promise<void> {
    const old = server
    server = undefined
    if (!old) return
    const closed = once(old, 'close')
    old.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await open()
  const url = new URL(target)
  url.port = String(ownPort)
  return { url: url.href, close, open, [Symbol.asyncDispose]: close }
}
