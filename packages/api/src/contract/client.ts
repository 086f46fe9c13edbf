import {
  type CallOptions,
  CoreError,
  fetchDirectly,
  isObject,
  startDeadline,
  stringifyExact,
  toHeaderValue,
  uuidv7,
  withDetails,
} from '@core/foundation'
import { operations, problemErrors, shapes } from '../generated/operations.ts'
import type { Routes } from '../routes.ts'
import { fit } from './body-shape.ts'
import type { RouteContract, RouteRequest, RouteResponse } from './route-contract.ts'
import type { WireOperation } from './wire-operation.ts'

export interface ClientOptions {
  /** Where the control plane is: `http://127.0.0.1:4400`. */
  readonly url: string
  /** An API key; without one only public routes answer. */
  readonly key?: string | undefined
  /** Limit of each call in milliseconds unless the call sets its own. Default 30,000. */
  readonly timeoutMs?: number
  /** What sends the requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

export interface ClientCallOptions extends CallOptions {
  /** Names the intended effect; the same again on a retry. Default: a new uuid; errors have it as `details.idempotencyKey`. */
  readonly idempotencyKey?: string | undefined
  /**
   * Of an edit: the etag that was read, or * for anything that is there. Rejects with E_PRECONDITION_FAILED, its
   * `details.etag` the present one, where it was changed meanwhile.
   */
  readonly ifMatch?: string | undefined
  /** Of an edit: * lets it pass only where nothing is there yet. */
  readonly ifNoneMatch?: '*' | undefined
}

type Operation<Contract extends RouteContract> =
  Record<never, never> extends RouteRequest<Contract>
    ? (request?: RouteRequest<Contract>, options?: ClientCallOptions) => Promise<RouteResponse<Contract>>
    : (request: RouteRequest<Contract>, options?: ClientCallOptions) => Promise<RouteResponse<Contract>>

/** Streams have a client of their own: `@core/api/realtime`. */
type Streaming = { readonly produces: 'text/event-stream' | 'websocket' }

/** One method per route, named by its operation. */
export type Client = {
  readonly [Contract in Exclude<Routes[number], Streaming> as Contract['operation']]: Operation<Contract>
}

/**
 * A typed client of the control plane. Every call resolves with the parsed body of a success and rejects with a
 * CoreError: E_TIMEOUT and E_ABORTED from the call's own options, E_DATABASE_UNAVAILABLE where the server cannot be
 * reached, and for problem documents the code of each, with `details.code`, `details.status` and the facts of
 * the problem (`available`, `budgets`). After a timeout the outcome is unknown: send the same `idempotencyKey` again.
 */
export function createClient(options: ClientOptions): Client {
  const call = createCaller(options)
  const methods = Object.keys(operations).map((operation) => [
    operation,
    (request?: UntypedRequest, callOptions?: ClientCallOptions) => call(operation, request, callOptions),
  ])
  return Object.fromEntries(methods)
}

export interface UntypedRequest {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

export type Caller = (operation: string, request?: UntypedRequest, options?: ClientCallOptions) => Promise<unknown>

/** What is behind `createClient`, for programs that learn the operation at run time. Rejects E_INVALID for an unknown one. */
export function createCaller({ url, key, timeoutMs = 30_000, fetch: send = fetch }: ClientOptions): Caller {
  return async (operation, request = {}, options = {}) => {
    const wire = Object.hasOwn(operations, operation) ? operations[operation] : undefined
    if (wire === undefined) {
      throw new CoreError('E_INVALID', `there is no operation ${JSON.stringify(operation)}`, {
        fix: 'GET /openapi.json lists them as operationId.',
      })
    }
    using deadline = startDeadline(operation, options, timeoutMs)
    const headers = new Headers({ accept: 'application/json, application/problem+json' })
    if (key !== undefined) headers.set('authorization', `Bearer ${toHeaderValue('the key', key)}`)
    const idempotencyKey = wire.isKeyed ? (options.idempotencyKey ?? uuidv7()) : undefined
    if (idempotencyKey !== undefined) headers.set('idempotency-key', toHeaderValue('idempotencyKey', idempotencyKey))
    if (options.ifMatch !== undefined) headers.set('if-match', toHeaderValue('ifMatch', toEntityTag(options.ifMatch)))
    if (options.ifNoneMatch !== undefined) headers.set('if-none-match', options.ifNoneMatch)
    if (wire.hasBody) headers.set('content-type', 'application/json')
    try {
      const response = await fetchDirectly(send, toUrl(url, wire, request), {
        method: wire.method,
        headers,
        ...(wire.hasBody ? { body: stringifyExact('body', request.body ?? {}) } : {}),
        signal: deadline.signal,
      })
      const text = await response.text()
      if (wire.answers[response.status] === undefined) throw toProblemError(operation, response, text)
      return readSuccess(operation, wire, response.status, text)
    } catch (error) {
      const failure = toFailure(deadline.signal.aborted ? deadline.signal.reason : error, url, operation)
      // Also a key that was made here: with it the caller can send the same call again.
      throw idempotencyKey === undefined ? failure : withDetails(failure, { idempotencyKey })
    }
  }
}

function toFailure(error: unknown, url: string, operation: string): CoreError {
  if (error instanceof CoreError) return error
  return new CoreError('E_DATABASE_UNAVAILABLE', `the control plane at ${url} did not answer ${operation}`, {
    cause: error,
    fix: 'Check that it runs (core status) and that the address is right.',
  })
}

/** Bodies have the tag bare, header fields between quotes. */
function toEntityTag(etag: string): string {
  return etag === '*' || etag.startsWith('"') ? etag : `"${etag}"`
}

function toUrl(base: string, { path }: WireOperation, { params = {}, query = {} }: UntypedRequest): URL {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => toPathSegment(name, String(params[name] ?? '')))
  const url = new URL(`${base.replace(/\/+$/, '')}${filled}`)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, requireWellFormed(name, String(value)))
  }
  return url
}

/**
 * A value as one segment of an address. The dots of a segment `.` or `..` are dropped by every URL client, also encoded, and
 * an empty one is lost to the server: the call would reach something else. @throws CoreError E_INVALID for these.
 */
export function toPathSegment(field: string, value: string): string {
  if (!/^\.{0,2}$/.test(value)) return encodeURIComponent(requireWellFormed(field, value))
  const message = value === '' ? `${field} is missing or empty` : `${field} must not be ${value}`
  throw new CoreError('E_INVALID', message, { fix: 'Use another name.', details: { field } })
}

/** Half of a surrogate pair becomes another character in an address, or none. */
function requireWellFormed(field: string, value: string): string {
  if (value.isWellFormed()) return value
  throw new CoreError('E_INVALID', `${field} has half of a surrogate pair in it`, {
    fix: 'Use another name.',
    details: { field },
  })
}

function readSuccess(operation: string, wire: WireOperation, status: number, text: string): unknown {
  try {
    return fit(wire.isText ? text : JSON.parse(text), wire.answers[status] ?? 'any', shapes)
  } catch (cause) {
    throw new CoreError('E_INTERNAL', `${operation} succeeded with a body this client does not understand`, {
      cause,
      fix: 'Use the client of the same version as the control plane.',
      details: { status },
    })
  }
}

/** A problem document as the error that a call rejects with; for routes whose bodies are bytes. */
export function toProblemError(operation: string, response: Response, text: string): CoreError {
  const problem = readProblem(text)
  const code = problem === undefined ? undefined : problemErrors[problem.code]
  if (problem === undefined || code === undefined) {
    return new CoreError('E_INTERNAL', `${operation} was answered with ${response.status} and no problem document`, {
      details: { status: response.status },
      retryable: response.status === 502 || response.status === 503 || response.status === 504,
    })
  }
  const { title, type, detail, retryable, fix, ...facts } = problem
  const advice = fix ?? firstFix(problem.errors)
  return new CoreError(code, `${operation}: ${detail}`, {
    retryable,
    ...(advice === undefined ? {} : { fix: advice }),
    details: { ...facts },
  })
}

interface ProblemDocument {
  readonly code: string
  readonly detail: string
  readonly retryable: boolean
  readonly fix?: string
  readonly errors: readonly unknown[]
  readonly [fact: string]: unknown
}

function readProblem(text: string): ProblemDocument | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isProblemDocument(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isProblemDocument(value: unknown): value is ProblemDocument {
  return (
    isObject(value) &&
    typeof value['code'] === 'string' &&
    Object.hasOwn(problemErrors, value['code']) &&
    typeof value['detail'] === 'string' &&
    typeof value['retryable'] === 'boolean' &&
    Array.isArray(value['errors']) &&
    (value['fix'] === undefined || typeof value['fix'] === 'string')
  )
}

function firstFix(faults: readonly unknown[]): string | undefined {
  const fixes = faults.map((fault) => (isObject(fault) ? fault['fix'] : undefined))
  return fixes.find((fix) => typeof fix === 'string')
}
