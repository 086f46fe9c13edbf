import { z } from 'zod'
import { problems } from '../nouns.ts'
import { clientFrameSchema, closeCodes, serverFrameSchema } from '../realtime/frame.ts'
import { toBounded } from './bounded-schema.ts'
import { describeDeprecation } from './deprecation.ts'
import { toGatewayOperation } from './gateway-openapi.ts'
import type { GatewayRoute } from './gateway-route.ts'
import { type ProblemCode, problemSchema } from './problem.ts'
import { headersOfProblem, headersOfSuccess, refer, responseHeaders } from './response-header.ts'
import { hasFields, problemsOf, type RouteContract } from './route-contract.ts'

type JsonObject = { [key: string]: unknown }

export interface OpenApiOptions {
  readonly version: string
  readonly serverUrl?: string | undefined
  /** Addresses in the dialects of other makers. Default: none. */
  readonly gateway?: readonly GatewayRoute[]
  /** Addresses without a contract, as the document has them. Default: none. */
  readonly paths?: Readonly<Record<string, object>>
}

/** The routes as an OpenAPI 3.1 document. Schemas that carry an id become components. */
export function toOpenApi(
  routes: readonly RouteContract[],
  { version, serverUrl, gateway = [], paths: others = {} }: OpenApiOptions,
): JsonObject {
  const schemas: JsonObject = {}
  toJsonSchema(problemSchema, 'output', schemas)
  const byPath = Map.groupBy(routes, ({ path }) => path)
  const gatewayByPath = Map.groupBy(gateway, ({ path }) => path)
  const paths = Object.fromEntries([
    ...[...byPath].map(([path, members]) => [
      path,
      Object.fromEntries(members.map((route) => [route.method.toLowerCase(), toOperation(route, schemas)])),
    ]),
    ...[...gatewayByPath].map(([path, members]) => [
      path,
      Object.fromEntries(members.map((route) => [route.method.toLowerCase(), toGatewayOperation(route)])),
    ]),
    ...Object.entries(others),
  ])
  return {
    openapi: '3.1.0',
    info: {
      title: 'Core',
      version,
      description:
        'Metered credits, budgets and keys for a fleet of projects. Amounts are whole micro-credits; one credit is 1000000. Problems are RFC 9457 documents: match on code.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      {
        url: serverUrl ?? '/',
        description: 'The control plane that serves this document, local or in production',
        'x-internal': true,
      },
    ],
    tags: [...new Set(routes.map(({ noun }) => noun))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      headers: responseHeaders,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key: ck_live_…' },
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A token of the configured issuer, validated as RFC8725 asks; its holder has the scopes of the roles that GET /v1/scopes lists',
        },
      },
    },
  }
}

function toOperation(route: RouteContract, schemas: JsonObject): JsonObject {
  const { auth, input, produces = 'application/json', alsoProduces } = route
  const [example] = route.examples
  const answerName = `${route.operation.charAt(0).toUpperCase()}${route.operation.slice(1)}Answer`
  const scoped = auth !== 'public' && auth !== 'authenticated'
  return {
    operationId: route.operation,
    tags: [route.noun],
    summary: route.summary,
    ...toDescription(route),
    security: auth === 'public' ? [] : ['key', 'token'].map((kind) => ({ [kind]: scoped ? [auth] : [] })),
    parameters: [
      ...toParameters('path', input.params, schemas),
      ...toParameters('query', input.query, schemas),
      ...toIdempotencyParameter(route),
      ...toConditionalParameters(route),
    ],
    ...(!hasFields(input.body)
      ? {}
      : {
          requestBody: {
            required: !input.body.safeParse({}).success,
            content: {
              'application/json': {
                schema: toJsonSchema(input.body, 'input', schemas),
                ...(example?.body === undefined ? {} : { example: example.body }),
              },
            },
          },
        }),
    ...(produces === 'websocket' ? { 'x-websocket': toFrames(schemas) } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.outputs).map(([status, schema]) => {
          const shown = route.examples.find((candidate) => candidate.status === Number(status))
          return [
            status,
            {
              description: shown?.title ?? 'Success',
              ...refer(...headersOfSuccess(route, Number(status))),
              ...(produces === 'websocket'
                ? {}
                : {
                    content: {
                      [produces]: {
                        // A page or a stream is a text without an end that could be named.
                        ...(produces === 'application/json'
                          ? { schema: toNamed(answerName, toJsonSchema(schema, 'output', schemas), schemas) }
                          : {}),
                        ...(shown === undefined ? {} : { example: shown.response }),
                      },
                      ...(alsoProduces === undefined
                        ? {}
                        : { [alsoProduces]: { schema: { type: 'string', maxLength: 2_000_000 } } }),
                    },
                  }),
            },
          ]
        }),
      ),
      ...(route.conditional === 'read'
        ? { 304: { description: 'It is as If-None-Match says', ...refer(...headersOfSuccess(route, 304)) } }
        : {}),
      ...toProblemResponses(route.path, problemsOf(route)),
    },
  }
}

function toDescription({ description, deprecated }: RouteContract): JsonObject {
  const texts = [
    ...(description === undefined ? [] : [description]),
    ...(deprecated === undefined ? [] : [`${describeDeprecation(deprecated)}. See ${deprecated.link}.`]),
  ]
  return {
    ...(texts.length === 0 ? {} : { description: texts.join(' ') }),
    ...(deprecated === undefined ? {} : { deprecated: true }),
  }
}

/** OpenAPI has no words for what follows an upgrade; the frames are there as schemas all the same. */
function toFrames(schemas: JsonObject): JsonObject {
  return {
    client: toJsonSchema(clientFrameSchema, 'input', schemas),
    server: toJsonSchema(serverFrameSchema, 'output', schemas),
    closeCodes,
  }
}

function toConditionalParameters({ conditional }: RouteContract): JsonObject[] {
  const field = (name: string, description: string) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', maxLength: 2000 },
  })
  if (conditional === undefined) return []
  if (conditional === 'read') return [field('If-None-Match', 'An ETag that is known: 304 while nothing has changed')]
  return [
    field(
      'If-Match',
      'The ETag, or the etag of the body between quotes, that was read: 412 where it was changed since',
    ),
    field('If-None-Match', '* passes only where there is nothing yet, else 412'),
  ]
}

function toParameters(place: 'path' | 'query', schema: z.ZodObject, schemas: JsonObject): JsonObject[] {
  return Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || !z.safeParse(field, undefined).success,
    ...(field instanceof z.ZodType && field.description !== undefined ? { description: field.description } : {}),
    schema:
      name === 'cursor' ? withoutFormat(toJsonSchema(field, 'input', schemas)) : toJsonSchema(field, 'input', schemas),
  }))
}

/** A cursor is handed on as it came: a typed client has a text of `page.next`, and no uuid or time. */
function withoutFormat({ format, ...schema }: JsonObject): JsonObject {
  return schema
}

function toIdempotencyParameter({ idempotencyKey }: RouteContract): JsonObject[] {
  if (idempotencyKey === 'none') return []
  return [
    {
      name: 'Idempotency-Key',
      in: 'header',
      required: idempotencyKey === 'required',
      description: 'One per intended effect, the same again on a retry: a uuid, or an id of the work',
      schema: { type: 'string', minLength: 1, maxLength: 200 },
    },
  ]
}

/** One response per status; codes that share it are listed in its description. */
function toProblemResponses(path: string, codes: readonly ProblemCode[]): JsonObject {
  const byStatus = Map.groupBy(codes, (code) => problems[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, shared]) => [
      String(status),
      {
        description: shared.map((code) => `${code}: ${problems[code].title}`).join('. '),
        ...refer(...headersOfProblem(path, status)),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

/** zod puts named schemas under $defs of each schema; here they are gathered into the document's components. */
function toJsonSchema(schema: z.core.$ZodType, io: 'input' | 'output', schemas: JsonObject): JsonObject {
  const { $schema, $defs, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const { id, ...body } = definition
    schemas[name] = rewriteReferences(body)
  }
  const { id, ...body } = rest
  if (typeof id !== 'string') return rewriteReferences(body)
  schemas[id] = rewriteReferences(body)
  return { $ref: `#/components/schemas/${id}` }
}

/**
 * An answer without a name becomes a component that is named for its operation: generators of clients would invent a name,
 * each its own. `…Response` is what several of them call something else. Bodies of requests stay where they are:
 * openapi-typescript lets members with a default be left out only there. So do open objects, whose constants orval spells wrongly.
 */
function toNamed(name: string, schema: JsonObject, schemas: JsonObject): JsonObject {
  if (schema['type'] !== 'object' || schema['additionalProperties'] !== false) return schema
  if (name in schemas) throw new Error(`two schemas would be ${name}`)
  schemas[name] = schema
  return { $ref: `#/components/schemas/${name}` }
}

function rewriteReferences(schema: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(toBounded(schema)).replaceAll('"#/$defs/', '"#/components/schemas/'))
}
