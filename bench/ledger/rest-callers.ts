import { retry, uuidv7 } from '@core/foundation'
import { type KeepAliveConnection, openConnection } from '../http/keep-alive-connection.ts'

/** Callers of a control plane, each on a connection of its own. */
export interface RestCallers extends Disposable {
  /**
   * A POST with a new key by a caller that is free. What a busy control plane refuses is sent again with its key, as a caller
   * does, and the waiting is part of the rate. Throws for any other refusal.
   */
  post(path: string, body: string): Promise<void>
}

export async function openRestCallers(port: number, key: string, count: number): Promise<RestCallers> {
  const connections = await Promise.all(Array.from({ length: count }, () => openConnection(port)))
  const free: KeepAliveConnection[] = [...connections]
  const headers = `Host: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json`
  return {
    async post(path, body) {
      const connection = free.pop()
      if (connection === undefined) throw new Error('more callers than connections')
      const request = `POST ${path} HTTP/1.1\r\n${headers}\r\nIdempotency-Key: ${uuidv7()}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      await retry(
        async () => {
          const { status, text } = await connection.ask(request)
          if (status >= 300) throw new Refused(status, text)
        },
        { attempts: 20, baseMs: 20, capMs: 500, isRetryable: (error) => error instanceof Refused && error.isBusy },
      )
      free.push(connection)
    },
    [Symbol.dispose]() {
      for (const connection of connections) connection[Symbol.dispose]()
    },
  }
}

class Refused extends Error {
  readonly isBusy: boolean
  constructor(status: number, text: string) {
    super(`answered with ${status} ${text.slice(0, 300)}`)
    this.isBusy = status === 503 || status === 429
  }
}
