import {
  hasFields,
  type ProblemCode,
  parseInput,
  type RouteArguments,
  type RouteContract,
  type RouteInput,
} from '@core/api'
import type { ArgumentInput, FunctionArguments, FunctionDescription } from '@core/api/functions'
import type { JsonInput, MemberClaims, RpcArgs, RpcName } from '@core/database'
import { findUnstorable } from '@core/foundation'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Principal } from '../auth/principal.ts'
import { refusePlace } from './json-body.ts'
import type { PreparedAnswer } from './prepared-answer.ts'
import { ProblemError } from './problem-error.ts'

/** What an answer of core_api looks like: a JSON object, usually with `ok`. */
export type CoreAnswer = Readonly<Record<string, unknown>>

/** A success, checked against the contract before it leaves, or a denial of the domain. */
export type RouteAnswer =
  | { readonly status: number; readonly body: unknown }
  | { readonly prepared: PreparedAnswer }
  | TextAnswer
  /** The handler has taken over the connection and writes to it. */
  | { readonly streaming: true }
  | Denial

/** A success that is text already: in the other form that its contract names, or checked and written before. */
export interface TextAnswer {
  readonly text: string
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
}

/** An expected refusal; its sentence is in the table of its noun. */
export interface Denial {
  readonly problem: ProblemCode
  readonly facts: CoreAnswer
}

/** What to say of each problem, from the facts of its denial. */
export type Denials = { readonly [Code in ProblemCode]?: (facts: CoreAnswer) => string }

/** The arguments of a function of core_api; to SQL each may be null. */
export type CoreArguments<Name extends RpcName> = {
  readonly [Arg in keyof RpcArgs<Name>]: (RpcArgs<Name>[Arg] & JsonInput) | null
}

/** What a route knows of its request besides the input. */
export interface RouteContext {
  /** The caller's key, or a new one where the contract makes it optional. */
  readonly idempotencyKey: string
  /** The states an edit may be made in, as core_api takes them; undefined where the request names none. */
  readonly ifMatch: readonly string[] | undefined
  /** The Accept header; empty where there is none. */
  readonly accept: string
  /** The caller; on public routes anonymous, without scopes. */
  readonly principal: Principal
  /** The path's project, with `current` resolved; empty on routes without one. */
  readonly project: string
  /** What binds `rpc` to the project and the scopes. */
  readonly claims: MemberClaims
  /** Calls core_api within the path's project and the principal's scopes. */
  rpc<Name extends RpcName>(name: Name, args: CoreArguments<Name>): Promise<CoreAnswer>
  /** The same by its description: the input with the names of outside, the answer typed and checked. */
  call<Arguments extends FunctionArguments, Answer>(
    description: FunctionDescription<string, Arguments, Answer>,
    input: ArgumentInput<Arguments>,
  ): Promise<Answer>
  /** `rpc` within another project; throws not_found where the caller may not act for it. */
  within(project: string): RouteContext['rpc']
  /** For calls across projects that only the owner may make: unbound for the owner; throws for a project's credential. */
  rpcUnbound<Name extends RpcName>(name: Name, args: CoreArguments<Name>): Promise<CoreAnswer>
}

export type RouteCall<Contract extends RouteContract> = RouteContext & RouteArguments<Contract>

/** A contract and what fulfils it. */
export interface BoundRoute {
  readonly contract: RouteContract
  /** Synchronous where no call is needed. Throws or rejects for invalid input. */
  handle(context: RouteContext, raw: RawInput, exchange: Exchange): RouteAnswer | Promise<RouteAnswer>
}

/** The request and reply themselves, for the few routes that stream. */
export interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** The parts of a request as they arrived. */
export type RawInput = { readonly [Part in keyof RouteInput]: unknown }

type Part = 'path' | 'query' | 'body'

/** Binds a handler to its contract: the handler sees only input that fits. */
export function serve<Contract extends RouteContract>(
  contract: Contract,
  handler: (call: RouteCall<Contract>) => RouteAnswer | Promise<RouteAnswer>,
): BoundRoute {
  const toCall = createCallParser(contract)
  return { contract, handle: (context, raw) => handler(toCall(context, raw)) }
}

/** Binds a handler that may wait: its signal aborts when the client is gone. */
export function serveWaiting<Contract extends RouteContract>(
  contract: Contract,
  handler: (call: RouteCall<Contract>, signal: AbortSignal) => Promise<RouteAnswer>,
): BoundRoute {
  const toCall = createCallParser(contract)
  return {
    contract,
    async handle(context, raw, { reply }) {
      const gone = new AbortController()
      const onClose = () => gone.abort()
      reply.raw.once('close', onClose)
      try {
        return await handler(toCall(context, raw), gone.signal)
      } finally {
        reply.raw.off('close', onClose)
      }
    },
  }
}

/** Binds a handler that writes the answer itself. It throws before it has sent anything, or not at all. */
export function serveStream<Contract extends RouteContract>(
  contract: Contract,
  handler: (call: RouteCall<Contract>, request: FastifyRequest, reply: FastifyReply) => Promise<void>,
): BoundRoute {
  const toCall = createCallParser(contract)
  return {
    contract,
    async handle(context, raw, { request, reply }) {
      await handler(toCall(context, raw), request, reply)
      return { streaming: true }
    },
  }
}

function createCallParser<Contract extends RouteContract>(
  contract: Contract,
): (context: RouteContext, raw: RawInput) => RouteCall<Contract> {
  const { params, query, body } = contract.input
  const parseParams = createPartParser<Contract['input']['params']>('path', params)
  const parseQuery = createPartParser<Contract['input']['query']>('query', query)
  const parseBody = createPartParser<Contract['input']['body']>('body', body)
  return (context, raw) => ({
    ...context,
    params: parseParams(raw.params),
    query: parseQuery(raw.query),
    // A missing body counts as one without fields; null is an error of the sender.
    body: parseBody(raw.body === undefined ? {} : raw.body),
  })
}

/** A part that takes nothing is parsed once, and again only to say what is wrong. */
function createPartParser<Schema extends z.ZodObject>(
  part: Part,
  schema: Schema,
): (value: unknown) => z.output<Schema> {
  if (hasFields(schema)) return (value) => parse(part, schema, value)
  const emptyObject = parse(part, schema, {})
  return (value) => (isEmpty(value) ? emptyObject : parse(part, schema, value))
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function parse<Schema extends z.ZodObject>(part: Part, schema: Schema, value: unknown): z.output<Schema> {
  // The body's parser has looked at the body.
  const found = part === 'body' ? undefined : findUnstorable({ ...Object(value) }, { anyNumber: true })
  if (found !== undefined) throw refusePlace(part, found.path, found.finding)
  const parsed = parseInput(part, schema, value)
  if (parsed.status === 'valid') return parsed.data
  const { faults: errors, total } = parsed
  const first = errors.slice(0, 3).map(({ location, message }) => `${location}: ${message}`)
  const more = total - first.length
  throw new ProblemError('invalid', `${first.join('; ')}${more > 0 ? ` and ${more} more` : ''}`, { errors })
}
