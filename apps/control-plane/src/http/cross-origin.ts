import type { FastifyInstance } from 'fastify'

/** Header fields of answers that a page of another origin may read. */
const exposed =
  'Allow, Deprecation, ETag, Idempotency-Replayed, Link, RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Request-Id'

/** Headers of a preflight answer: what such a page may send. */
const preflight = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers':
    'Apikey, Authorization, Content-Profile, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Client-Info',
  'access-control-max-age': '600',
}

/**
 * Lets pages of the listed origins call the API with a key of their own: never with cookies, never any origin. Without a
 * list no answer has a CORS header. Own code, because `@fastify/cors` answers every OPTIONS request and sends
 * origins that are not listed `Access-Control-Allow-Origin: false`.
 */
export function installCrossOrigin(app: FastifyInstance, allowedOrigins: readonly string[]): void {
  if (allowedOrigins.length === 0) return
  const allowed = new Set(allowedOrigins)
  app.addHook('onRequest', (request, reply, done) => {
    const { origin, 'access-control-request-method': asked } = request.headers
    reply.header('vary', 'Origin') // also where it is absent: caches must keep the two apart
    if (origin === undefined || !allowed.has(origin)) return done()
    reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposed)
    if (request.method !== 'OPTIONS' || asked === undefined) return done()
    reply.headers(preflight).code(204).send()
  })
}
