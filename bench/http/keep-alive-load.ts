import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * Sends the same request that many times over connections that are kept, each when the one before it is answered.
 * Throws for any other status than 200. The client never sleeps meanwhile: waking it is work of the server that answers, and
 * only a server that is slower than the client would pay for it.
 */
export async function sendOver(port: number, request: string, connections: number, requests: number): Promise<void> {
  let left = requests
  const work = async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    try {
      await keepAsking(socket, request, () => left-- > 0)
    } finally {
      socket.destroy()
    }
  }
  let isOver = false
  const stayAwake = () => {
    if (!isOver) setImmediate(stayAwake)
  }
  stayAwake()
  try {
    await Promise.all(Array.from({ length: connections }, work))
  } finally {
    isOver = true
  }
}

function keepAsking(socket: Socket, request: string, mayGoOn: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let text = ''
  const next = () => (mayGoOn() ? void socket.write(request) : resolve())
  socket.setEncoding('latin1')
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('the server closed a connection')))
  socket.on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1])
    if (text.length < end + 4 + length) return
    if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`answered with ${text.slice(0, 200)}`))
    text = ''
    next()
  })
  next()
  return promise
}
