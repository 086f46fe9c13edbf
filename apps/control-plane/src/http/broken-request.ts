import { STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ProblemCode, problems } from '@core/api'
import { uuidv7 } from '@core/foundation'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Admission } from '../limits/admission.ts'
import type { OpenConnections } from './open-connections.ts'
import { problemMediaType, sendProblem, toDocument, toProblem } from './problems.ts'
import { fixedHeaders, setSecurityHeaders } from './security-headers.ts'

/** How long the answer may take to arrive before the connection is cut. */
const hangUpMs = 1000

/**
 * Answers what never became a request (garbage on the socket, headers too long or too late) and closes its connection.
 * Counted by address; over the limit the connection is closed without an answer, and so it is where complete requests
 * wait for theirs: an answer to the garbage would be taken for one to them.
 */
export function createBrokenRequestHandler(admission: Pick<Admission, 'anonymous'>, connections: OpenConnections) {
  return async (error: NodeJS.ErrnoException, socket: Duplex): Promise<void> => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    if (connections.afterAnswers(socket, () => hangUp(socket))) return
    try {
      const ip = socket instanceof Socket ? (socket.remoteAddress ?? '') : ''
      await admission.anonymous({ ip }, undefined)
    } catch {
      socket.destroy()
      return
    }
    // A request that came meanwhile is served: it would take the answer for its own, and be sent again.
    if (!connections.afterAnswers(socket, () => hangUp(socket))) hangUp(socket, toAnswer(codeOf(error)))
  }
}

/**
 * Serves no request that comes after its connection was refused, until that is closed: its client has read the refusal, and
 * sends it again. Before every other hook.
 */
export function ignoreAfterRefusal(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.raw.socket.writableEnded) reply.hijack()
    else done()
  })
}

/** Answers an address that cannot be read. The router refuses it before any hook has run. */
export function createBadAddressHandler(admission: Pick<Admission, 'anonymous'>) {
  return async (_error: Error, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    setSecurityHeaders(reply, request.id)
    try {
      await admission.anonymous(request, reply)
      sendProblem(reply, 'invalid', { detail: 'the address is malformed or too long' })
    } catch (error) {
      const problem = toProblem(error)
      sendProblem(reply, problem.code, problem)
    }
  }
}

function codeOf({ code }: NodeJS.ErrnoException): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid'
}

function toAnswer(code: ProblemCode): string {
  const { status, title } = problems[code]
  const requestId = `req_${uuidv7()}`
  const body = JSON.stringify(toDocument(code, { detail: title }, requestId))
  const headers = {
    ...fixedHeaders,
    'x-request-id': requestId,
    'content-type': problemMediaType,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
}

function hangUp(socket: Duplex, answer = ''): void {
  socket.end(answer)
  // A client that neither reads nor hangs up must not keep the socket.
  setTimeout(() => socket.destroy(), hangUpMs).unref()
}
