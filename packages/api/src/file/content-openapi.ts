import { refer } from '../contract/response-header.ts'

type JsonObject = { [key: string]: unknown }

/** Content has no limit of size and no JSON around it, so these addresses have no contract: this is what there is of one. */
const problemsByStatus: Readonly<Record<number, string>> = {
  400: 'invalid: The name, a range or a header is not valid, or the size is not announced',
  401: 'unauthenticated: No valid credential',
  403: 'forbidden: The credential lacks the scope, or the address does not allow this',
  404: 'not_found: There is no such project, file or store',
  409: 'conflict: The quota has no room, or the sha256 differs',
  429: 'rate_limited: Too many requests',
  500: 'internal: The store failed',
  503: 'unavailable: The store or the database does not answer',
}

const taken = { 412: 'precondition_failed: With If-None-Match, there is a file of that name' }
// OpenAPI 3.1 would have no schema here; generators of clients need one to know that it is bytes.
const bytes = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
const text = (maxLength: number, more: JsonObject = {}) => ({ type: 'string', minLength: 1, maxLength, ...more })
const inPath = (name: string, description: string, maxLength: number) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: text(maxLength),
})
const inHeader = (name: string, description: string, schema: JsonObject, required = false) => ({
  name,
  in: 'header',
  required,
  description,
  schema,
})
const ofFile = [
  inPath('project', 'The project, or current', 100),
  inPath('name', 'The name of the file, each / of it written %2F', 3_072),
]
const range = inHeader('Range', 'One range of bytes, such as bytes=0-1023', text(50))
const sha256 = inHeader(
  'Content-Sha256',
  'What has another hash is refused',
  text(64, { pattern: '^[0-9a-fA-F]{64}$' }),
)
const ifNoneMatch = inHeader(
  'If-None-Match',
  'With *, replaces no file: of several uploads at once one makes it',
  text(1, { pattern: '^\\*$' }),
)

function toOperation(operation: JsonObject, success: JsonObject, scope: 'file:read' | 'file:write'): JsonObject {
  const problems = scope === 'file:write' ? { ...problemsByStatus, ...taken } : problemsByStatus
  const limits = ['RateLimit', 'RateLimit-Policy', 'Access-Control-Allow-Origin'] as const
  return {
    tags: ['files'],
    ...operation,
    security: ['key', 'token'].map((kind) => ({ [kind]: [scope] })),
    responses: {
      ...Object.fromEntries(
        Object.entries(success).map(([status, answer]) => [status, { ...Object(answer), ...refer(...limits) }]),
      ),
      ...Object.fromEntries(
        Object.entries(problems).map(([status, description]) => [
          status,
          {
            description,
            ...refer(...limits, ...(status === '429' || status === '503' ? (['Retry-After'] as const) : [])),
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  }
}

const upload = { required: true, content: bytes }
const download = {
  200: { description: 'The content', content: bytes },
  206: { description: 'The range of it', content: bytes },
}

/** The addresses of content, as paths of the OpenAPI document. */
export const contentPaths: Readonly<Record<string, Readonly<Record<'get' | 'put', JsonObject>>>> = {
  '/v1/projects/{project}/files/{name}/content': {
    get: toOperation(
      { operationId: 'downloadFile', summary: 'The content of a file', parameters: [...ofFile, range] },
      download,
      'file:read',
    ),
    put: toOperation(
      {
        operationId: 'uploadFile',
        summary: 'Upload a file of any size; one of that name is replaced when it has arrived whole',
        description:
          'Its type is Content-Type. Its size is Content-Length, which HTTP clients write themselves for bytes whose number they know; a body in chunks, without one, is refused.',
        parameters: [...ofFile, sha256, ifNoneMatch],
        requestBody: upload,
      },
      {
        200: {
          description: 'The file',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/StoredFile' } } },
        },
      },
      'file:write',
    ),
  },
}
