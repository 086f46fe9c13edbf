// Serves one database as a Supabase project would (@supabase/lite on a real Postgres), in a process of its own: its
// driver may end the process when a connection is cut, and tests cut connections. Run by `startSupabaseServer`.
import { createServer } from 'node:http'
import { App } from '@supabase/lite'
import { createPostgresConnection } from '@supabase/lite/postgres'

const { CORE_TEST_URL: url, CORE_TEST_PORT: port, CORE_TEST_JWT_SECRET: secret, CORE_TEST_API_KEYS } = process.env
if (!url || !port || !secret) throw new Error('supabase-server-process is started by startSupabaseServer')

const connection = createPostgresConnection({
  url,
  postgresOptions: {
    max: 10,
    onnotice: () => undefined,
    types: {
      // It writes an argument as JSON text, then the connection writes that text as JSON again.
      jsonb: {
        to: 3802,
        from: [3802],
        serialize: (value: unknown) => (isJsonText(value) ? value : JSON.stringify(value)),
        parse: (text: string) => JSON.parse(text),
      },
    },
  },
})
/** What its gateway knows; undefined where there is none. */
const apiKeys = CORE_TEST_API_KEYS?.split(',')
const app = new App({
  connection,
  api: { schemas: ['public', 'core_api'] },
  auth: { enabled: true, jwt_secret: secret },
  options: { server: { admin: false } },
})

const server = createServer(async (incoming, outgoing) => {
  if (apiKeys !== undefined && !apiKeys.includes(String(incoming.headers['apikey']))) {
    outgoing.writeHead(401, { 'content-type': 'application/json' })
    outgoing.end(JSON.stringify({ message: 'Invalid authentication credentials' }))
    return
  }
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = Object.entries(incoming.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  const request = new Request(`http://127.0.0.1:${port}${incoming.url ?? '/'}`, {
    method: incoming.method ?? 'GET',
    headers,
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  })
  const response = await app.fetch(request, { peerAddress: incoming.socket.remoteAddress ?? null })
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(Buffer.from(await response.arrayBuffer()))
})
server.listen(Number(port), '127.0.0.1', () => process.send?.('ready'))
process.on('message', () => server.closeAllConnections())
process.on('disconnect', () => process.exit(0))

function isJsonText(value: unknown): value is string {
  if (typeof value !== 'string') return false
  try {
    return typeof JSON.parse(value) !== 'string'
  } catch {
    return false
  }
}
