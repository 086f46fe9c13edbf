import { openConnection } from './keep-alive-connection.ts'

/**
 * Sends the same request that many times over connections that are kept, each when the one before it is answered.
 * Throws for any other status than 200. The client never sleeps meanwhile: waking it is work of the server that answers, and
 * only a server that is slower than the client would pay for it.
 */
export async function sendOver(port: number, request: string, connections: number, requests: number): Promise<void> {
  let left = requests
  const work = async () => {
    using connection = await openConnection(port)
    while (left-- > 0) {
      const { status, text } = await connection.ask(request)
      if (status !== 200) throw new Error(`answered with ${status} ${text.slice(0, 200)}`)
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
