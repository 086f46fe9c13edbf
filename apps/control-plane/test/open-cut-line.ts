import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CutLine {
  /** The database, through this line. */
  readonly url: string
  /**
   * From the next message to the database that has this word on: the database gets it, and no answer of it comes back;
   * every connection ends, and no new one is made.
   */
  cutAfter(word: string): void
  close(): void
}

/** Until the database has surely committed what it was sent. */
const commitMs = 500

/** A line to a database server that can be cut between a commit and its answer, as when the server's machine dies. */
export async function openCutLine(target: string): Promise<CutLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let cutWord: string | undefined
  let isCut = false
  const relay = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        if (isCut) return
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (chunk: Buffer) => {
      if (cutWord !== undefined && chunk.includes(cutWord)) {
        isCut = true
        setTimeout(() => {
          for (const socket of sockets) socket.destroy()
        }, commitMs)
      }
      far.write(chunk)
    })
    far.on('data', (chunk) => {
      if (!isCut) near.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const address = relay.address()
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  return {
    url: url.href,
    cutAfter(word) {
      cutWord = word
    },
    close() {
      relay.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
