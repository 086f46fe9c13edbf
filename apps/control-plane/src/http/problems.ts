import { type Fault, type ProblemCode, problemOfError, problems } from '@core/api'
import { type CoreError, isCoreError, type Logger } from '@core/foundation'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorSink } from '../observe/error-tracker.ts'
import { camel, toCamelCase } from './camel-case.ts'
import { notFound, ProblemError } from './problem-error.ts'
import { toContractPattern } from './route-pattern.ts'

export const problemMediaType = 'application/problem+json; charset=utf-8'

interface ProblemFacts {
  readonly detail: string
  readonly errors?: readonly Fault[]
  readonly reason?: string | undefined
  readonly fix?: string | undefined
  readonly facts?: Readonly<Record<string, unknown>>
}

/** Sends a problem document (RFC 9457). */
export function sendProblem(reply: FastifyReply, code: ProblemCode, problem: ProblemFacts): FastifyReply {
  const { status } = problems[code]
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '1')
  return reply
    .code(status)
    .type(problemMediaType)
    .send(JSON.stringify(toDocument(code, problem, reply.request.id)))
}

export function toDocument(
  code: ProblemCode,
  { detail, errors = [], reason, fix, facts }: ProblemFacts,
  instance: string,
) {
  const { status, title, retryable, remedy } = problems[code]
  // A client has one thing to show: what is known of this case, else what helps with every case of its kind.
  const advice = fix ?? (errors.some((fault) => fault.fix !== undefined) ? undefined : remedy)
  const document = {
    type: `/problems/${code}`,
    title,
    status,
    detail,
    instance,
    code,
    errors,
    retryable,
    reason,
    fix: advice,
  }
  return { ...document, ...facts, ...document } // facts come after, and cannot take the place of a member
}

/** Turns every failure into a problem document: the only place where errors become HTTP. */
export function installProblems(app: FastifyInstance, logger: Logger, errors: ErrorSink): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    if (problems[problem.code].status >= 500) reportFailure(error, request, { logger, errors })
    if (error instanceof ProblemError) reply.headers(error.options.headers ?? {})
    return sendProblem(reply, problem.code, problem)
  })
  app.setNotFoundHandler((_request: FastifyRequest, reply: FastifyReply) =>
    sendProblem(reply, 'not_found', toProblem(notFound())),
  )
}

/** Logs a failure; one that is not an outage or a timeout is unexpected and also recorded as an error. */
export function reportFailure(
  error: unknown,
  request: FastifyRequest,
  { logger, errors }: { readonly logger: Logger; readonly errors: ErrorSink },
): void {
  const { url } = request.routeOptions
  const route = url && toContractPattern(url)
  if (problems[toProblem(error).code].status !== 500) {
    // An outage is logged when it begins and ends; the request's own line has the status.
    logger.debug({ requestId: request.id, route, err: error }, 'request could not be served')
    return
  }
  logger.error({ requestId: request.id, route, err: error }, 'request failed')
  errors.record({
    error,
    kind: 'request',
    place: `${request.method} ${route ?? 'unmatched'}`,
    project: request.caller?.project || null,
    requestId: request.id,
  })
}

/** Any failure as a problem. */
export function toProblem(error: unknown): ProblemFacts & { code: ProblemCode } {
  if (error instanceof ProblemError) {
    const { problem: code, message: detail, options } = error
    return { code, detail, ...options }
  }
  if (isCoreError(error)) return ofCoreError(error)
  return (
    ofFramework(error) ?? { code: 'internal', detail: 'the server failed; its log has this request under instance' }
  )
}

/** A coded failure as a problem; also those of the single operations of a batch. */
export function ofCoreError(error: CoreError): ProblemFacts & { code: ProblemCode } {
  const { reason, field, code: _code, ...details } = error.details
  // The database refuses another project's rows in plain words; to the caller they do not exist.
  if (reason === 'forbidden_project') return toProblem(notFound())
  const code = isUnmeant(details['sqlstate']) ? 'internal' : problemOfError[error.code]
  // What failed inside is the operator's to read, not the caller's.
  if (problems[code].status >= 500) return { code, detail: problems[code].title.toLowerCase() }
  const fault = typeof field === 'string' ? [toFault(field, error)] : []
  return {
    code,
    detail: error.message,
    errors: fault,
    fix: error.fix,
    reason: typeof reason === 'string' ? reason : undefined,
    facts: Object(toCamelCase(details)),
  }
}

/**
 * Whether Postgres refused what a function should have refused in words of its own: a constraint (23) or a missing grant.
 * The fault is ours, and its message names tables and values.
 */
export function isUnmeant(sqlstate: unknown): boolean {
  return typeof sqlstate === 'string' && (sqlstate.startsWith('23') || sqlstate === '42501')
}

/** The database names its arguments; the caller knows the fields they came from. */
const fieldNames: Readonly<Record<string, string>> = {
  key: 'header.Idempotency-Key',
  ttl_s: 'body.ttlSeconds',
  overlap_s: 'body.overlapSeconds',
  tz: 'body.timeZone',
  name: 'body.name',
  caps: 'body.scopes',
  subject: 'path.subject',
}

function toFault(field: string, { message, fix }: CoreError): Fault {
  const location = fieldNames[field] ?? `body.${camel(field)}`
  return fix === undefined ? { location, message } : { location, message, fix }
}

const frameworkProblems: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
}

/** Fastify's own refusals of a request carry a status of 4xx; everything else is a fault of ours. */
function ofFramework(error: unknown): (ProblemFacts & { code: ProblemCode }) | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const status = Number(error.statusCode)
  if (!(status >= 400 && status < 500)) return undefined
  const code = 'code' in error ? (frameworkProblems[String(error.code)] ?? 'invalid') : 'invalid'
  return { code, detail: code === 'invalid' ? error.message : problems[code].title.toLowerCase() }
}
