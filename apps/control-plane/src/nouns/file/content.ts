import { Readable } from 'node:stream'
import type { Database } from '@core/database'
import { CoreError, findUnstorable } from '@core/foundation'
import { attachment, type DownloadedFile, type UrlGrant, type UrlSigner } from '@core/providers/storage'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createGate } from '../../auth/gate.ts'
import { claimsOf } from '../../auth/principal.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import { describeDenial, toDenial } from '../../http/denial.ts'
import { refusePlace } from '../../http/json-body.ts'
import { notFound, ProblemError } from '../../http/problem-error.ts'
import { sendProblem } from '../../http/problems.ts'
import { refuseCompressed } from '../../http/require-uncompressed.ts'
import type { Door } from '../../process/noun.ts'
import { announcedSize, readBody } from './body-source.ts'
import { fileDenials } from './denials.ts'
import type { FileMetrics } from './metrics.ts'
import type { Stores } from './stores.ts'
import { type BoundRpc, longestTransferMs, type Transfers } from './transfers.ts'

interface ContentDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly transfers: Transfers
  readonly stores: Stores
  readonly signer: UrlSigner
  readonly metrics: FileMetrics
  /** A client that sends nothing for so long is gone. */
  readonly stallMs: number
}

/**
 * The addresses of content: bytes in and out, of any size, without the limit on bodies. `/v1/storage/{token}` serves what
 * a signed address allows, for stores without addresses of their own, and always as an attachment.
 */
export function installContent(app: FastifyInstance, door: Door, dependencies: ContentDependencies): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addHook('preParsing', refuseCompressed)
    scope.addContentTypeParser('*', (_request, body, done) => done(null, body))
    installFiles(scope, door, dependencies)
    installSigned(scope, door, dependencies)
  })
}

function installFiles(scope: FastifyInstance, door: Door, dependencies: ContentDependencies): void {
  const { database, transfers, stallMs } = dependencies
  const url = '/v1/projects/:project/files/:name/content'
  const gateFor = (auth: 'file:read' | 'file:write') =>
    createGate(
      { auth, idempotencyKey: 'none', method: 'GET', path: '/{project}' },
      door.keyring,
      door.admission,
      door.projects,
    )
  scope.route({
    method: 'GET',
    url,
    config: { auth: 'file:read', streams: true },
    exposeHeadRoute: false,
    onRequest: gateFor('file:read'),
    async handler(request, reply) {
      const { caller, project } = bind(request, database)
      const left = watchClient(reply)
      const name = nameOf(request)
      const { sha256, ...file } = await transfers.download(caller, project, name, rangeOf(request), left.signal)
      if (sha256 !== null) reply.header('content-sha256', sha256)
      return sendContent(request, reply, file, name, dependencies)
    },
  })
  scope.route({
    method: 'PUT',
    url,
    config: { auth: 'file:write', streams: true },
    onRequest: gateFor('file:write'),
    async handler(request, reply) {
      const { caller, project } = bind(request, database)
      const left = watchClient(reply)
      const incoming = {
        name: nameOf(request),
        size: announcedSize(request.raw),
        contentType: request.headers['content-type'] ?? 'application/octet-stream',
        sha256: hashOf(request),
        ifAbsent: isForNewFile(request),
        source: readBody(request.raw, stallMs),
      }
      using _ = door.allowSlowBody(request.raw)
      const answer = await receive(request, reply, () => transfers.upload(caller, project, incoming, left.signal))
      if (answer['ok'] === true) {
        const { ok, replayed, ...file } = answer
        return reply.type('application/json; charset=utf-8').send(JSON.stringify(toCamelCase(file)))
      }
      const denial = toDenial(answer)
      reply.header('connection', 'close')
      return sendProblem(reply, denial.problem, { detail: describeDenial(denial, fileDenials), facts: denial.facts })
    },
  })
}

function installSigned(scope: FastifyInstance, door: Door, dependencies: ContentDependencies): void {
  const { stores, signer, metrics, stallMs } = dependencies
  const url = '/v1/storage/:token'
  const gate = createGate(
    { auth: 'public', idempotencyKey: 'none', method: 'GET', path: '/v1/storage/{token}' },
    door.keyring,
    door.admission,
    door.projects,
  )
  async function open(request: FastifyRequest, method: 'GET' | 'PUT') {
    const grant = signer.read(textOf(request.params, 'token'))
    if (grant.method !== method) throw new ProblemError('forbidden', `this address is for ${grant.method}`)
    const store = await stores.named(grant.store)
    if (store === undefined) throw notFound()
    return { grant, storage: store.storage }
  }
  scope.route({
    method: 'GET',
    url,
    config: { auth: 'public', streams: true },
    exposeHeadRoute: false,
    onRequest: gate,
    async handler(request, reply) {
      const { grant, storage } = await open(request, 'GET')
      const left = watchClient(reply)
      const file = await storage.download(grant.key, { range: rangeOf(request) }, { signal: left.signal })
      if (file === null) throw notFound()
      return sendContent(request, reply, file, grant.downloadName ?? lastSegment(grant.key), dependencies)
    },
  })
  scope.route({
    method: 'PUT',
    url,
    config: { auth: 'public', streams: true },
    onRequest: gate,
    async handler(request, reply) {
      const { grant, storage } = await open(request, 'PUT')
      const size = announcedSize(request.raw)
      requireGranted(grant, request, size)
      const left = watchClient(reply)
      using _ = door.allowSlowBody(request.raw)
      const { contentType, expiresAtMs } = grant
      const options = { size, contentType, ifAbsent: true, onProgress: metrics.progress('upload') }
      // What comes later than that cannot be committed any more.
      const timeoutMs = Math.min(longestTransferMs, Math.max(1, expiresAtMs - Date.now()))
      const source = readBody(request.raw, stallMs)
      const upload = () => storage.upload(grant.key, source, options, { signal: left.signal, timeoutMs })
      await receive(request, reply, () => metrics.track(upload))
      return reply.code(204).send()
    },
  })
}

function requireGranted({ maxBytes, contentType }: UrlGrant, request: FastifyRequest, size: number): void {
  if (maxBytes !== undefined && size !== maxBytes) {
    throw new ProblemError('forbidden', `this address is for a file of ${maxBytes} bytes, not of ${size}`)
  }
  if (contentType !== undefined && request.headers['content-type'] !== contentType) {
    throw new ProblemError('forbidden', `this address is for ${contentType}`)
  }
}

/** What is refused before its end leaves bytes on the connection that are no request. */
async function receive<Answer>(
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (!request.raw.complete) reply.header('connection', 'close')
    throw error
  }
}

function bind({ caller, id }: FastifyRequest, database: Pick<Database, 'rpc'>) {
  if (caller === null) throw new CoreError('E_INTERNAL', 'handler reached without a principal')
  const { principal, project } = caller
  const claims = claimsOf(principal, project, id)
  const bound: BoundRpc = { rpc: (name, args, options) => database.rpc(name, args, { ...options, claims }) }
  return { caller: bound, project }
}

function sendContent(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, etag, contentType, range, stream }: DownloadedFile,
  name: string,
  { metrics }: Pick<ContentDependencies, 'metrics'>,
): FastifyReply {
  metrics.add('download', range.end - range.start + 1)
  const isPart = request.headers.range !== undefined && rangeOf(request) !== undefined
  reply.headers({
    'content-type': contentType,
    'content-length': range.end - range.start + 1,
    'content-disposition': attachment(lastSegment(name)),
    'accept-ranges': 'bytes',
    etag: `"${etag}"`,
    ...(isPart ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}),
  })
  return reply.code(isPart ? 206 : 200).send(Readable.fromWeb(stream))
}

/**
 * One range of bytes from a start; anything else is answered with the whole file, as RFC 9110 has it, and so is If-Range:
 * the part that a client has may be of a file that was replaced.
 */
function rangeOf({ headers }: FastifyRequest): { start: number; end?: number } | undefined {
  const [, first, last] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? []
  if (first === undefined || headers['if-range'] !== undefined) return undefined
  const start = Number(first)
  if (!last) return { start }
  return Number(last) < start ? undefined : { start, end: Number(last) }
}

function nameOf(request: FastifyRequest): string {
  const name = textOf(request.params, 'name')
  const found = findUnstorable(name)
  if (found !== undefined) throw refusePlace('path', ['name'], found.finding)
  return name
}

function textOf(params: unknown, name: 'name' | 'token'): string {
  const found = typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined
  return typeof found === 'string' ? found : ''
}

function hashOf({ headers }: FastifyRequest): string | undefined {
  const sent = headers['content-sha256']
  if (sent === undefined || (typeof sent === 'string' && /^[0-9a-fA-F]{64}$/.test(sent))) return sent
  const message = 'must be 64 hexadecimal digits'
  throw new ProblemError('invalid', `header.Content-Sha256: ${message}`, {
    errors: [{ location: 'header.Content-Sha256', message }],
  })
}

/** `If-None-Match: *` (RFC 9110): the upload makes a file and replaces none. */
function isForNewFile({ headers }: FastifyRequest): boolean {
  const sent = headers['if-none-match']
  if (sent === undefined || sent === '*') return sent === '*'
  const message = 'must be *, or left out'
  throw new ProblemError('invalid', `header.If-None-Match: ${message}`, {
    errors: [{ location: 'header.If-None-Match', message }],
  })
}

function lastSegment(name: string): string {
  return name.split('/').at(-1) ?? name
}

/** Aborts when the client is gone. */
function watchClient(reply: FastifyReply): { readonly signal: AbortSignal } {
  const gone = new AbortController()
  const onClose = () => {
    if (!reply.raw.writableFinished) gone.abort()
  }
  reply.raw.once('close', onClose)
  return { signal: gone.signal }
}
