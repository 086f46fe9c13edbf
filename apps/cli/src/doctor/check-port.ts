import { createServer } from 'node:net'
import { type Config, reachableUrl } from '@core/config'
import { createProvenFetch } from '../proven-fetch.ts'
import { findListener } from './find-listener.ts'
import { type Finding, fault, ok } from './finding.ts'

export type PortState = 'free' | 'control plane' | 'taken'

/** Whether the control plane could listen, or already does, or who is in its place. */
export async function checkPort({
  http,
  database,
}: Pick<Config, 'http' | 'database'>): Promise<{ state: PortState; finding: Finding }> {
  const { host, port } = http
  if (port === 0) return { state: 'free', finding: ok('port', 'any free one') }
  const code = await tryListen(host, port)
  if (code === undefined) return { state: 'free', finding: ok('port', `${host}:${port} is free`) }
  if (code !== 'EADDRINUSE')
    return {
      state: 'taken',
      finding: fault('port', `cannot listen on ${host}:${port}: ${code}`, fixes[code] ?? fixes.other),
    }
  if (await isControlPlane(reachableUrl(http), database)) {
    return { state: 'control plane', finding: ok('port', `a control plane listens on ${host}:${port}`) }
  }
  const owner = await findListener(port)
  const who = owner ? `process ${owner.pid} (${owner.command})` : 'another program'
  return {
    state: 'taken',
    finding: fault('port', `${who} listens on ${host}:${port}`, 'Stop it, or choose another CORE_HTTP_PORT.'),
  }
}

const fixes: Readonly<Record<string, string>> & { other: string } = {
  EACCES: 'Ports below 1024 belong to root. Choose a higher CORE_HTTP_PORT.',
  EADDRNOTAVAIL: 'This machine has no such address. Correct CORE_HTTP_HOST.',
  ENOTFOUND: 'The name is unknown. Correct CORE_HTTP_HOST.',
  other: 'Correct CORE_HTTP_HOST and CORE_HTTP_PORT.',
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** On an embedded database that of this folder, which can prove it. */
async function isControlPlane(url: string, database: Config['database']): Promise<boolean> {
  const send = database.driver === 'embedded' ? createProvenFetch({ url, dataDir: database.dataDir }) : fetch
  try {
    const response = await send(`${url}/livez`, { signal: AbortSignal.timeout(2_000), redirect: 'manual' })
    const body: unknown = await response.json()
    return response.ok && typeof body === 'object' && body !== null && Reflect.get(body, 'status') === 'healthy'
  } catch {
    return false
  }
}
