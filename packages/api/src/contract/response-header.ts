import type { RouteContract } from './route-contract.ts'

/** The header fields of answers, as components of the document. The limits are those of draft-ietf-httpapi-ratelimit-headers-10. */
export const responseHeaders = {
  RateLimit: {
    description: 'The limit that counted this request: r more pass now, room comes back after t seconds',
    schema: { type: 'string', maxLength: 200, examples: ['"credential";r=29874;t=12'] },
  },
  'RateLimit-Policy': {
    description: 'The limit that counted this request: q requests in any w seconds',
    schema: { type: 'string', maxLength: 200, examples: ['"credential";q=30000;w=60'] },
  },
  'Retry-After': {
    description: 'Seconds to wait before the same request',
    schema: { type: 'integer', format: 'int32', minimum: 1, maximum: 86_400 },
  },
  'Access-Control-Allow-Origin': {
    description: 'The origin of the page that asks, where CORE_HTTP_ALLOWED_ORIGINS names it; else it is not there',
    schema: { type: 'string', maxLength: 300 },
  },
  'Idempotency-Replayed': {
    description: 'true when this answer is a replay',
    schema: { type: 'string', enum: ['true'] },
  },
  ETag: {
    description: 'A strong validator; as If-Match it names what can be edited',
    schema: { type: 'string', maxLength: 100, examples: ['"4c9d0ad7f4b1f7f3c5d2a9e8b6071f3a"'] },
  },
  Location: {
    description: 'The path of what was made, on this server',
    schema: {
      type: 'string',
      maxLength: 1000,
      examples: ['/v1/projects/smart_layer/holds/019ab2c4-0000-7000-8000-000000000000'],
    },
  },
  Deprecation: {
    description: 'Since when, as RFC 9745 has it: @ and Unix seconds',
    schema: { type: 'string', maxLength: 20, examples: ['@1795132800'] },
  },
  Sunset: {
    description: 'From when on it may be gone (RFC 8594); absent while undecided',
    schema: { type: 'string', maxLength: 29, examples: ['Wed, 30 Jun 2027 00:00:00 GMT'] },
  },
  Link: {
    description: 'rel="deprecation": what to use instead',
    schema: { type: 'string', maxLength: 500 },
  },
} as const

type ResponseHeader = keyof typeof responseHeaders

/** The `headers` of one response, by reference; nothing where there are none. */
export function refer(...names: readonly ResponseHeader[]): { headers?: Readonly<Record<string, object>> } {
  if (names.length === 0) return {}
  return { headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) }
}

/** Load balancers call these several times a second; they are never limited. */
const unlimited: readonly string[] = ['/livez', '/readyz']

export function headersOfSuccess(route: RouteContract, status: number): ResponseHeader[] {
  const { path, idempotencyKey, conditional, deprecated, location } = route
  return [
    ...limitsOf(path),
    'Access-Control-Allow-Origin',
    ...(idempotencyKey === 'none' ? [] : (['Idempotency-Replayed'] as const)),
    ...(conditional === undefined ? [] : (['ETag'] as const)),
    ...(location === undefined || status !== 201 ? [] : (['Location'] as const)),
    ...(deprecated === undefined ? [] : (['Deprecation', 'Link'] as const)),
    ...(deprecated?.sunset === undefined ? [] : (['Sunset'] as const)),
  ]
}

function limitsOf(path: string): ResponseHeader[] {
  return unlimited.includes(path) ? [] : ['RateLimit', 'RateLimit-Policy']
}

/** A server that sheds load counts nothing; every other refusal has been counted. */
export function headersOfProblem(path: string, status: number): ResponseHeader[] {
  if (status === 503) return ['Access-Control-Allow-Origin', 'Retry-After']
  const limits: ResponseHeader[] = [...limitsOf(path), 'Access-Control-Allow-Origin']
  return status === 429 ? [...limits, 'Retry-After'] : limits
}
