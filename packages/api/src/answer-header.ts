/** The header fields of answers, as components of the document. */
export const answerHeaders = {
  'X-Request-Id': {
    description: 'The id of the request, also in the log and in the instance of a problem',
    schema: { type: 'string', maxLength: 100 },
  },
  RateLimit: {
    description: 'How many more requests pass now and when room comes back; on what is counted',
    schema: { type: 'string', maxLength: 200 },
  },
  'RateLimit-Policy': {
    description: 'The limit and its window in seconds; on what is counted',
    schema: { type: 'string', maxLength: 200 },
  },
  'Access-Control-Allow-Origin': {
    description: 'The origin of the page that asks, where the control plane allows it (CORE_HTTP_ALLOWED_ORIGINS)',
    schema: { type: 'string', maxLength: 300 },
  },
  'Retry-After': {
    description: 'Seconds until another attempt makes sense',
    schema: { type: 'integer', format: 'int32', minimum: 0, maximum: 86_400 },
  },
  'Idempotency-Replayed': {
    description: 'true when this answer is a replay',
    schema: { type: 'string', enum: ['true'] },
  },
} as const

const everywhere = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy', 'Access-Control-Allow-Origin'] as const

/** Those an answer may carry, as references to the components. */
export function headersOf(...further: readonly (keyof typeof answerHeaders)[]): Record<string, { $ref: string }> {
  return Object.fromEntries([...everywhere, ...further].map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}
