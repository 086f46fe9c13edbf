import { AsyncLocalStorage } from 'node:async_hooks'
import type { Config } from '@core/config'
import type { Database } from '@core/database'
import { isCoreError, type Logger } from '@core/foundation'
import type { Span } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { toContractPattern } from '../http/route-pattern.ts'
import { readTraceParent } from './trace-parent.ts'

/** Sends what requests did to a collector of OpenTelemetry. */
export interface Tracing extends AsyncDisposable {
  /** The same database, whose calls are spans below that of their request. Calls without a request are none. */
  observe(database: Database): Database
  /** Makes every request a span from now on. Call it before routes are registered. */
  install(app: FastifyInstance): void
  /** The trace a request belongs to: its caller's, or one of its own. */
  traceIdOf(request: FastifyRequest): string | undefined
}

export interface TracingDependencies {
  readonly settings: Config['tracing'] & { readonly endpoint: string }
  readonly version: string
  readonly logger: Logger
}

const exportTimeoutMs = 5000
const closingMs = 2000

/**
 * OTLP over HTTP, as JSON, in batches. The libraries are loaded here, so that a process without tracing does not load
 * them. A collector that is away costs spans, never a request.
 */
export async function openTracing({ settings, version, logger }: TracingDependencies): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } = api
  const url = `${settings.endpoint.replace(/\/+$/, '')}/v1/traces`
  const exporter = new OTLPTraceExporter({
    url,
    headers: toHeaders(settings.headers?.reveal()),
    timeoutMillis: exportTimeoutMs,
  })
  let isFailing = false
  const exportSpans: typeof exporter.export = (spans, done) =>
    exporter.export(spans, (result) => {
      const failed = result.code !== 0
      if (failed && !isFailing) logger.warn({ component: 'tracing', err: result.error }, 'spans could not be sent')
      isFailing = failed
      done(result)
    })
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': settings.serviceName, 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(settings.samplePercent / 100) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({ exporter: { export: exportSpans, shutdown: () => exporter.shutdown() } }),
    ],
  })
  const tracer = provider.getTracer('@core/control-plane', version)
  const current = new AsyncLocalStorage<Span>()
  const spans = new WeakMap<FastifyRequest, Span>()

  function start(request: FastifyRequest): Span {
    const parent = readTraceParent(request.headers['traceparent'])
    const above =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId: parent.traceId,
            spanId: parent.parentId,
            traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
            isRemote: true,
          })
    return tracer.startSpan(request.method, { kind: SpanKind.SERVER }, above)
  }

  return {
    install(app) {
      app.addHook('onRequest', (request, _reply, done) => {
        const span = start(request)
        spans.set(request, span)
        current.run(span, done)
      })
      // Reading the body leaves the context in which the request began.
      app.addHook('preHandler', (request, _reply, done) => {
        const span = spans.get(request)
        if (span === undefined) done()
        else current.run(span, done)
      })
      app.addHook('onResponse', (request, reply, done) => {
        const span = spans.get(request)
        if (span !== undefined) {
          const { url } = request.routeOptions
          if (url !== undefined) {
            const route = toContractPattern(url)
            span.updateName(`${request.method} ${route}`).setAttribute('http.route', route)
          }
          span.setAttributes({
            'http.request.method': request.method,
            'http.response.status_code': reply.statusCode,
            'core.request_id': request.id,
          })
          if (request.caller?.project) span.setAttribute('core.project', request.caller.project)
          if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
          span.end()
        }
        done()
      })
    },

    observe(database) {
      async function run<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
        const above = current.getStore()
        if (above === undefined) return work()
        const attributes = { 'db.system.name': 'postgresql', 'db.stored_procedure.name': `core_api.${name}` }
        const span = tracer.startSpan(
          `core_api.${name}`,
          { kind: SpanKind.CLIENT, attributes },
          trace.setSpan(ROOT_CONTEXT, above),
        )
        try {
          return await work()
        } catch (error) {
          // Its code, not its words: those may hold what a caller sent.
          span.setAttribute('error.type', isCoreError(error) ? error.code : 'error')
          span.setStatus({ code: SpanStatusCode.ERROR })
          throw error
        } finally {
          span.end()
        }
      }
      return {
        ...database,
        rpc: (name, args, options) => run(name, () => database.rpc(name, args, options)),
        call: (name, args, options) => run(name, () => database.call(name, args, options)),
      }
    },

    traceIdOf: (request) => spans.get(request)?.spanContext().traceId,

    async [Symbol.asyncDispose]() {
      let timer: NodeJS.Timeout | undefined
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, closingMs)
      })
      const failed = (error: unknown) =>
        logger.warn({ component: 'tracing', err: error }, 'the last spans could not be sent')
      await Promise.race([provider.shutdown().catch(failed), limit])
      clearTimeout(timer)
    },
  }
}

/** `name=value,name=value`, URL-encoded, as OpenTelemetry writes them. */
function toHeaders(text: string | undefined): Record<string, string> {
  const pairs = (text ?? '').split(',').filter((pair) => pair.includes('='))
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]
    }),
  )
}
