import { Socket } from 'node:net'
import pg from 'pg'

interface Administrator {
  readonly client: Promise<pg.Client>
  readonly socket: Socket
  /** Statements that have not ended. */
  underWay: number
  /** Ends when the statement that was sent last does, whatever it says. */
  last: Promise<unknown>
}

const administrators = new Map<string, Administrator>()

/**
 * A statement on a connection that this process keeps, and that does not keep this process; one after the other. Two
 * connections of its own take a third of the CPU that making and dropping a database takes.
 */
export async function administer(url: string, statement: string): Promise<void> {
  const administrator = administrators.get(url) ?? createAdministrator(url)
  administrators.set(url, administrator)
  administrator.underWay++
  const answer = administrator.last.then(async () => {
    const client = await administrator.client
    administrator.socket.ref()
    try {
      await client.query(statement)
    } finally {
      if (--administrator.underWay === 0) administrator.socket.unref()
    }
  })
  administrator.last = answer.catch(() => undefined)
  await answer
}

function createAdministrator(url: string): Administrator {
  const socket = new Socket()
  const client = new pg.Client({ connectionString: url, stream: () => socket })
  client.on('error', () => undefined) // what is under way says so
  client.on('end', () => administrators.delete(url))
  const connected = client.connect().then(
    () => client,
    (error: unknown) => {
      administrators.delete(url)
      throw error
    },
  )
  return { client: connected, socket, underWay: 0, last: Promise.resolve() }
}
