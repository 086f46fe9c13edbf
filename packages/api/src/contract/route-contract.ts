import { z } from 'zod'
import type { Deprecation } from './deprecation.ts'
import type { ProblemCode } from './problem.ts'
import type { Scope } from './scope.ts'

/** Who may call: anyone, any valid credential, or a credential with this scope. */
export type RouteAuth = 'public' | 'authenticated' | Scope

/** `required`: 400 without the header. `optional`: the server makes a key where none is sent. */
export type IdempotencyKeyUse = 'required' | 'optional' | 'none'

/**
 * `read`: answers have an ETag, and If-None-Match is answered with 304. `edit`: If-Match (or If-None-Match: *) names the
 * state that may be edited, else 412.
 */
export type ConditionalUse = 'read' | 'edit'

/** What a route takes. A part without fields takes nothing. */
export interface RouteInput {
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly body: z.ZodObject
}

const nothing = z.strictObject({})

/** The parts a route does not use; contracts spread it and name the others. */
export const noInput = { params: nothing, query: nothing, body: nothing }

export function hasFields(schema: z.ZodObject): boolean {
  return Object.keys(schema.shape).length > 0
}

export interface RouteExample {
  readonly title: string
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly status: number
  readonly response: unknown
}

/**
 * All that is known of a route, in one place. The server's validation and serialisation, the OpenAPI document, the
 * docs page and the typed client are made from it.
 */
export interface RouteContract {
  /** The operationId of the document and the method of the client. */
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With `{name}` for each parameter. */
  readonly path: `/${string}`
  /** The chapter of the docs. */
  readonly noun: string
  readonly summary: string
  readonly description?: string
  readonly auth: RouteAuth
  readonly idempotencyKey: IdempotencyKeyUse
  /** Left out: the route has no ETag. */
  readonly conditional?: ConditionalUse
  /** Left out: it is here to stay. */
  readonly deprecated?: Deprecation
  /** What the route makes may be the first of its name: a path's project need not be there yet. */
  readonly makes?: 'project' | 'account'
  /** A POST that changes nothing, and is one because its input belongs in no address. */
  readonly isReadOnly?: true
  /**
   * Of a 201: the address of what was made, as an absolute path. `{project}` is the path's, every other name a field of
   * the answer. Left out where it has no address of its own, such as an entry of the journal.
   */
  readonly location?: `/v1/${string}`
  /**
   * What running programs send all the time, such as beats. It leaves no audit entry, and a POST without a key is fenced:
   * the same request again does nothing twice.
   */
  readonly isTraffic?: true
  /** No work waits for the answer: where a credential does little else, the request is counted a moment later, with others. */
  readonly isPatient?: true
  readonly input: RouteInput
  /** The body of each success, by status. */
  readonly outputs: Readonly<Record<number, z.ZodType>>
  /** `text/html` routes answer with a page, the other two with a stream; their output schema says no more. */
  readonly produces?: 'text/html' | 'text/event-stream' | 'websocket'
  /** Another form of the same answer, for a caller that asks for it. The typed client gets JSON. */
  readonly alsoProduces?: 'text/csv'
  /** What this route can answer beyond the problems every route has (`problemsOf`). */
  readonly problems: readonly ProblemCode[]
  readonly examples: readonly RouteExample[]
}

/** Keeps the exact type of a contract, so that handlers and the client know its fields. */
export function defineRoute<const Contract extends RouteContract>(contract: Contract): Contract {
  return contract
}

/** Every problem the route can answer with: its own, and those of its authentication, input and the server. */
export function problemsOf(contract: RouteContract): ProblemCode[] {
  const { auth, idempotencyKey, method } = contract
  // A route that takes nothing refuses a query all the same.
  const codes = new Set<ProblemCode>([...contract.problems, 'invalid'])
  codes.add('rate_limited').add('unavailable')
  if (auth !== 'public') codes.add('unauthenticated').add('timeout').add('unavailable').add('database_schema')
  if (auth !== 'public' && auth !== 'authenticated') codes.add('forbidden')
  if (contract.path.includes('{project}')) codes.add('not_found')
  if (contract.path.includes('{project}') && isRefusedWhenArchived(auth)) codes.add('conflict')
  codes.add('headers_too_large') // an address counts as one
  if (method !== 'GET') codes.add('too_large').add('unsupported_media_type').add('request_timeout')
  if (idempotencyKey !== 'none') codes.add('idempotency_mismatch')
  if (contract.conditional !== undefined) codes.add('invalid')
  if (contract.conditional === 'edit') codes.add('precondition_failed')
  return [...codes.add('internal')]
}

/** An archived project can be read; everything else answers that it is archived. */
function isRefusedWhenArchived(auth: RouteAuth): boolean {
  return auth.includes(':') && !auth.endsWith(':read')
}

/** What a handler receives: parsed, with defaults filled in. */
export type RouteArguments<Contract extends RouteContract> = {
  readonly [Part in keyof RouteInput]: z.output<Contract['input'][Part]>
}

type PartsThatMayMiss<Contract extends RouteContract> = {
  [Part in keyof RouteInput]: Record<never, never> extends z.input<Contract['input'][Part]> ? Part : never
}[keyof RouteInput]

/** What a caller sends. Parts without required fields may be left out. */
export type RouteRequest<Contract extends RouteContract> = {
  readonly [Part in Exclude<keyof RouteInput, PartsThatMayMiss<Contract>>]: z.input<Contract['input'][Part]>
} & {
  readonly [Part in PartsThatMayMiss<Contract>]?: z.input<Contract['input'][Part]>
}

/** The body of a success, whichever status it has. */
export type RouteResponse<Contract extends RouteContract> = {
  [Status in keyof Contract['outputs']]: Contract['outputs'][Status] extends z.ZodType
    ? z.output<Contract['outputs'][Status]>
    : never
}[keyof Contract['outputs']]
