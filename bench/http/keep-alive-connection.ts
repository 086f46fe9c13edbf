import { once } from 'node:events'
import { connect } from 'node:net'

/** An answer of a server. Its text is the body. */
export interface WireAnswer {
  readonly status: number
  readonly text: string
}

/** A connection that is kept, for one request at a time. */
export interface KeepAliveConnection extends Disposable {
  /** Sends a whole HTTP/1.1 request. Rejects where the server closes the connection. */
  ask(request: string): Promise<WireAnswer>
}

/**
 * The cheapest client there is: a socket, and as much of HTTP as an answer with a Content-Length needs. It shares its cores
 * with the server that is measured, and `fetch` costs as much per call as the server itself.
 */
export async function openConnection(port: number): Promise<KeepAliveConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let text = ''
  let waiting: PromiseWithResolvers<WireAnswer> | undefined
  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    waiting?.reject(failure)
  }
  socket.setEncoding('latin1')
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed a connection')))
  socket.on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1])
    if (text.length < end + 4 + length) return
    const answer = { status: Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)), text: text.slice(end + 4) }
    text = ''
    waiting?.resolve(answer)
  })
  return {
    ask(request) {
      waiting = Promise.withResolvers()
      if (failure === undefined) socket.write(request)
      else waiting.reject(failure)
      return waiting.promise
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}
