import type { z } from 'zod'
import type { Capability } from './capability.ts'
import type { ProblemCode } from './problem.ts'

/** Who may call: everybody, any valid credential, or a credential with this capability. */
export type RouteAuth = 'public' | 'authenticated' | Capability

/** `required`: 400 without the header. `optional`: the server makes a key where none is sent. */
export type IdempotencyKeyUse = 'required' | 'optional' | 'none'

export interface RouteInput {
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
}

export interface RouteExample {
  readonly title: string
  readonly params?: Readonly<Record<string, string>>
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
  readonly input: RouteInput
  /** The body of each success, by status. */
  readonly outputs: Readonly<Record<number, z.ZodType>>
  /** `text/html` routes answer with a page; their output schema is a string. */
  readonly produces?: 'text/html'
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
  const { auth, input, idempotencyKey, method } = contract
  const codes = new Set<ProblemCode>(contract.problems)
  if (input.params || input.query || input.body || idempotencyKey === 'required') codes.add('invalid')
  if (auth !== 'public') codes.add('unauthenticated').add('timeout').add('unavailable').add('database_schema')
  if (auth !== 'public' && auth !== 'authenticated') codes.add('forbidden')
  if (contract.path.includes('{project}')) codes.add('not_found')
  if (method !== 'GET') codes.add('too_large').add('unsupported_media_type')
  if (idempotencyKey !== 'none') codes.add('idempotency_mismatch')
  return [...codes.add('internal')]
}

type Schema<Input extends RouteInput, Part extends keyof RouteInput> = NonNullable<Input[Part]>

/** What a handler receives: parsed, with defaults filled in. */
export type RouteArguments<Contract extends RouteContract> = {
  readonly [Part in keyof RouteInput]-?: Contract['input'][Part] extends z.ZodObject
    ? z.output<Schema<Contract['input'], Part>>
    : undefined
}

/** What a caller sends: parts without required fields may be left out. */
export type RouteRequest<Contract extends RouteContract> = {
  readonly [Part in keyof Contract['input'] as Contract['input'][Part] extends z.ZodObject
    ? Record<never, never> extends z.input<Contract['input'][Part]>
      ? never
      : Part
    : never]: Contract['input'][Part] extends z.ZodObject ? z.input<Contract['input'][Part]> : never
} & {
  readonly [Part in keyof Contract['input'] as Contract['input'][Part] extends z.ZodObject
    ? Record<never, never> extends z.input<Contract['input'][Part]>
      ? Part
      : never
    : never]?: Contract['input'][Part] extends z.ZodObject ? z.input<Contract['input'][Part]> : never
}

/** The body of a success, whichever status it has. */
export type RouteResponse<Contract extends RouteContract> = {
  [Status in keyof Contract['outputs']]: Contract['outputs'][Status] extends z.ZodType
    ? z.output<Contract['outputs'][Status]>
    : never
}[keyof Contract['outputs']]
