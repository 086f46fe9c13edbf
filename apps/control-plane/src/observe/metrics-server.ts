import { once } from 'node:events'
import { createServer } from 'node:http'
import { CoreError, type Logger } from '@core/foundation'
import type { Metrics } from './metrics.ts'

export interface MetricsServerOptions {
  readonly metrics: Pick<Metrics, 'render'>
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  readonly logger: Logger
}

export interface MetricsServer extends AsyncDisposable {
  /** The port it took. */
  readonly port: number
}

/**
 * `GET /metrics` on a port of its own, so that callers of the API cannot read it, and a busy API does
 * not delay a scrape.
 * @throws CoreError E_CONFIG_INVALID where the address is taken or is not one.
 */
export async function openMetricsServer({ metrics, host, port, logger }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 60_000 },
    (request, response) => {
      const refuse = (status: number) => response.writeHead(status, { 'content-type': 'text/plain' }).end()
      if (request.url?.split('?')[0] !== '/metrics') return refuse(404)
      if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405)
      metrics.render().then(
        ({ contentType, text }) =>
          response
            .writeHead(200, {
              'content-type': contentType,
              'cache-control': 'no-store',
              'x-content-type-options': 'nosniff',
            })
            .end(request.method === 'HEAD' ? undefined : text),
        (error: unknown) => {
          logger.error({ component: 'metrics', err: error }, 'the metrics could not be written')
          refuse(500)
        },
      )
    },
  )
  server.maxConnections = 100
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no reason'
    throw new CoreError('E_CONFIG_INVALID', `cannot serve metrics on ${host} port ${port}: ${code}`, {
      cause,
      fix: 'Stop what listens there, or set CORE_METRICS_PORT or CORE_METRICS_HOST to something else.',
      details: {
        variable: code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' ? 'CORE_METRICS_HOST' : 'CORE_METRICS_PORT',
      },
    })
  }
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    port: taken,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
