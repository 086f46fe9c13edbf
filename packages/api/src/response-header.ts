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
} as const

type ResponseHeader = keyof typeof responseHeaders

/** The `headers` of one response, by reference; nothing where there are none. */
export function refer(...names: readonly ResponseHeader[]): { headers?: Readonly<Record<string, object>> } {
  if (names.length === 0) return {}
  return { headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) }
}

/** Asked several times a second by whoever balances the load; they are never limited. */
const unlimited: readonly string[] = ['/livez', '/readyz']

export function headersOfSuccess(path: string, idempotencyKey: 'required' | 'optional' | 'none'): ResponseHeader[] {
  return [
    ...(unlimited.includes(path) ? [] : (['RateLimit', 'RateLimit-Policy'] as const)),
    'Access-Control-Allow-Origin',
    ...(idempotencyKey === 'none' ? [] : (['Idempotency-Replayed'] as const)),
  ]
}

/** A server that sheds load counts nothing; every other refusal has been counted. */
export function headersOfProblem(path: string, status: number): ResponseHeader[] {
  if (status === 503) return ['Access-Control-Allow-Origin', 'Retry-After']
  const limits = headersOfSuccess(path, 'none')
  return status === 429 ? [...limits, 'Retry-After'] : limits
}
