import { connect } from 'node:net'
import type pg from 'pg'

const TIMEOUT_MS = 2_000
/** Protocol code 1234.5678, sent in place of a version. */
const CANCEL_REQUEST = 80_877_102

/**
 * Asks the server, or the pooler, to stop what a connection runs: a second connection that carries 16 bytes and is
 * closed by the other side once the signal is sent. Best effort, like the protocol's own promise; in clear like
 * libpq's PQcancel, since its key can do nothing but cancel.
 */
export function requestCancel(client: pg.PoolClient): Promise<void> {
  const processId = numberOf(client, 'processID')
  const secretKey = numberOf(client, 'secretKey')
  if (processId === undefined || secretKey === undefined) return Promise.resolve()
  const packet = Buffer.alloc(16)
  packet.writeInt32BE(16, 0)
  packet.writeInt32BE(CANCEL_REQUEST, 4)
  packet.writeInt32BE(processId, 8)
  packet.writeInt32BE(secretKey, 12)
  const { host, port } = client
  return new Promise((resolve, reject) => {
    const socket = connect(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port })
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer to a cancel request in ${TIMEOUT_MS} ms`)))
    socket.once('error', reject)
    socket.once('close', () => resolve())
    socket.write(packet) // not end: PgBouncer drops the request when its client closes the socket
  })
}

/** pg has these two on every client but its types do not. */
function numberOf(client: object, field: 'processID' | 'secretKey'): number | undefined {
  const value: unknown = Reflect.get(client, field)
  return typeof value === 'number' ? value : undefined
}
