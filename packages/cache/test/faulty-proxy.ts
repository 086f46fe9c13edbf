import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * What goes wrong between a client and its server. `stall`: bytes are accepted and nothing comes back. `half`: half of each
 * answer comes, then nothing. `late`: answers come after 30 seconds.
 */
export type ProxyFault = 'none' | 'stall' | 'half' | 'late'

export interface FaultyProxy extends AsyncDisposable {
  readonly port: number
  /** From the next bytes on. */
  fault: ProxyFault
}

const lateMs = 30_000

/** A TCP proxy before a server on loopback. */
export async function startFaultyProxy(port: number): Promise<FaultyProxy> {
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((client) => {
    const upstream = keep(connect(port, '127.0.0.1'))
    keep(client)
    client.on('data', (bytes) => void upstream.write(bytes))
    upstream.on('data', (bytes) => {
      if (proxy.fault === 'none') client.write(bytes)
      else if (proxy.fault === 'half') client.write(bytes.subarray(0, Math.floor(bytes.length / 2)))
      else if (proxy.fault === 'late') timers.add(setTimeout(() => client.write(bytes), lateMs).unref())
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const proxy: FaultyProxy = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    fault: 'none',
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
