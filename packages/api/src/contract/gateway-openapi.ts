import type { GatewayRoute } from './gateway-route.ts'
import { refer } from './response-header.ts'

type JsonObject = { [key: string]: unknown }

const documents = { openai: 'https://platform.openai.com/docs/api-reference', anthropic: 'https://docs.anthropic.com' }

/** Errors by status; 5XX besides. */
const errors: Readonly<Record<number, string>> = {
  400: 'The request is not valid, or cannot be translated for its target',
  401: 'No valid credential',
  402: 'The credits or a budget do not allow it; nothing was sent',
  403: 'The credential lacks the scope',
  404: 'There is no such project, model or account',
  409: 'The Idempotency-Key was used',
  413: 'The body is too large',
  429: 'Too many requests',
  500: 'The gateway failed',
  501: 'Not served for this provider, or not at all',
  502: 'Every target failed',
  503: 'Every target cools, or the ledger cannot be reached',
}

/** An address of another maker's API, as an operation of the document. */
export function toGatewayOperation(route: GatewayRoute): JsonObject {
  const { operation, noun, summary, description, auth, dialect, consumes, bodyLimitBytes, streams } = route
  const limit = consumes === undefined ? [] : [`Bodies have at most ${bodyLimitBytes} bytes; unknown fields pass.`]
  const texts = [...(description === undefined ? [] : [description]), ...limit]
  const answers = streams ? ['application/json', 'text/event-stream'] : ['application/json']
  return {
    operationId: operation,
    tags: [noun],
    summary,
    ...(texts.length > 0 && { description: texts.join(' ') }),
    externalDocs: { url: documents[dialect] },
    'x-dialect': dialect,
    security: ['key', 'token'].map((kind) => ({ [kind]: [auth] })),
    parameters: toParameters(route),
    ...(consumes && {
      requestBody: {
        required: true,
        content: { [consumes]: { schema: consumes === 'multipart/form-data' ? form : anyObject } },
      },
    }),
    responses: {
      200: {
        description: 'As the dialect has it',
        ...refer('RateLimit', 'RateLimit-Policy', 'Access-Control-Allow-Origin'),
        content: Object.fromEntries(
          answers.map((type) => [type, type === 'application/json' ? { schema: anyObject } : {}]),
        ),
      },
      ...Object.fromEntries(
        Object.entries(errors).map(([status, text]) => [
          status,
          {
            description: text,
            ...refer(
              'RateLimit',
              'RateLimit-Policy',
              'Access-Control-Allow-Origin',
              ...(status === '429' || status === '503' ? (['Retry-After'] as const) : []),
            ),
            content: { 'application/json': { schema: anyObject } },
          },
        ]),
      ),
    },
  }
}

const anyObject = { type: 'object', additionalProperties: true, maxProperties: 1_000 }

const partText = { type: 'string', maxLength: 100_000 }

/**
 * The parts of a form. The provider may know further ones; they go unsaid, because `ogen` makes no client for a form that has any,
 * and a part that is not named could not be sent by others.
 */
const form = {
  type: 'object',
  maxProperties: 1_000,
  properties: {
    file: { type: 'string', format: 'binary' },
    model: { type: 'string', minLength: 1, maxLength: 200 },
    language: partText,
    prompt: partText,
    response_format: partText,
    temperature: { type: 'number' },
    stream: { type: 'boolean' },
  },
  required: ['file', 'model'],
}

const headers: Readonly<Record<string, string>> = {
  'Idempotency-Key': 'Never a second call: the same request again gets its plain answer for 24 hours, else 409',
  'Core-Account': 'The account that is charged: the project or one below it',
  'Core-Tags': 'Up to 10 tags, separated by commas, for reports',
  'Core-Session': 'Calls of one session prefer one target',
  'Core-Cache':
    'Whole seconds, 1 to 86400: the same request may be answered from the cache, for nothing or the share that its route names',
}

function toParameters({ path, consumes }: GatewayRoute): JsonObject[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1, maxLength: 200 },
  }))
  if (consumes === undefined) return inPath
  const inHeader = Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', minLength: 1, maxLength: 1_100 },
  }))
  return [...inPath, ...inHeader]
}
