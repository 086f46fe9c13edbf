import { type Config, reachableUrl } from '@core/config'
import { CoreError } from '@core/foundation'
import type { FastifyInstance } from 'fastify'

/**
 * Listens and returns the URL at which this machine reaches the server.
 * @throws CoreError E_CONFIG_INVALID where the address cannot be taken.
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: Pick<Config['http'], 'host' | 'port'>,
): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL' && code !== 'EACCES') throw cause
    throw new CoreError('E_CONFIG_INVALID', `cannot listen on ${host} port ${port}: ${code}`, {
      cause,
      fix: 'Stop the process that listens there, or set CORE_HTTP_PORT or CORE_HTTP_HOST to another address.',
      details: { variable: code === 'EADDRNOTAVAIL' ? 'CORE_HTTP_HOST' : 'CORE_HTTP_PORT' },
    })
  }
  const address = app.server.address()
  return reachableUrl({ host, port: typeof address === 'object' && address !== null ? address.port : port })
}
