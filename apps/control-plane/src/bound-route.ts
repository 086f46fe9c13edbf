import { type ProblemCode, type RouteArguments, type RouteContract, type RouteInput, toFaults } from '@core/api'
import type { JsonInput, RpcArgs, RpcName } from '@core/database'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Principal } from './principal.ts'
import { ProblemError } from './problem-error.ts'

/** What an answer of core_api looks like: a JSON object, usually with `ok`. */
export type CoreAnswer = Readonly<Record<string, unknown>>

/** A success, checked against the contract before it leaves, or a denial of the domain. */
export type RouteAnswer =
  | { readonly status: number; readonly body: unknown }
  /** The handler has taken the connection over and writes to it by itself. */
  | { readonly streaming: true }
  | { readonly problem: ProblemCode; readonly detail: string; readonly facts: CoreAnswer }

/** The arguments of a function of core_api; to SQL each may be null. */
export type CoreArguments<Name extends RpcName> = {
  readonly [Arg in keyof RpcArgs<Name>]: (RpcArgs<Name>[Arg] & JsonInput) | null
}

/** What a route may know of its request beside its input. */
export interface RouteContext {
  /** The caller's key, or a new one where the contract makes it optional. */
  readonly idempotencyKey: string
  /** The states an edit may be made in, as core_api takes them; null where the request names none. */
  readonly ifMatch: readonly string[] | null
  /** Who calls; on public routes nobody, without any scope. */
  readonly principal: Principal
  /** The path's project, with `current` resolved; empty on routes without one. */
  readonly project: string
  /** Calls core_api within the path's project and the principal's scopes. */
  rpc<Name extends RpcName>(name: Name, args: CoreArguments<Name>): Promise<CoreAnswer>
  /** `rpc` within another project; throws not_found where the caller may not act for it. */
  within(project: string): RouteContext['rpc']
  /** For what only the owner may do across projects: without bounds for the owner, as `rpc` for everybody else. */
  rpcUnbound<Name extends RpcName>(name: Name, args: CoreArguments<Name>): Promise<CoreAnswer>
}

export type RouteCall<Contract extends RouteContract> = RouteContext & RouteArguments<Contract>

/** A contract and what fulfils it. */
export interface BoundRoute {
  readonly contract: RouteContract
  handle(context: RouteContext, raw: RawInput, exchange: Exchange): Promise<RouteAnswer>
}

/** The request and reply themselves, for the few routes that stream. */
export interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** The parts of a request as they arrived. */
export type RawInput = { readonly [Part in keyof RouteInput]: unknown }

/** Binds a handler to its contract: the handler sees only input that fits. */
export function serve<Contract extends RouteContract>(
  contract: Contract,
  handler: (call: RouteCall<Contract>) => RouteAnswer | Promise<RouteAnswer>,
): BoundRoute {
  return {
    contract,
    async handle(context, raw) {
      return handler(toCall(contract, context, raw))
    },
  }
}

/** Binds a handler that answers by itself, at its own pace. It throws before it has sent anything, or not at all. */
export function serveStream<Contract extends RouteContract>(
  contract: Contract,
  handler: (call: RouteCall<Contract>, request: FastifyRequest, reply: FastifyReply) => Promise<void>,
): BoundRoute {
  return {
    contract,
    async handle(context, raw, { request, reply }) {
      await handler(toCall(contract, context, raw), request, reply)
      return { streaming: true }
    },
  }
}

function toCall<Contract extends RouteContract>(
  contract: Contract,
  context: RouteContext,
  raw: RawInput,
): RouteCall<Contract> {
  const { params, query, body } = contract.input
  return {
    ...context,
    params: parse<Contract['input']['params']>('path', params, raw.params),
    query: parse<Contract['input']['query']>('query', query, raw.query),
    // Only a body that is not there stands for one without fields: null is a mistake of whoever sent it.
    body: parse<Contract['input']['body']>('body', body, raw.body === undefined ? {} : raw.body),
  }
}

function parse<Schema extends z.ZodObject>(
  part: 'path' | 'query' | 'body',
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = z.safeParse(schema, value)
  if (parsed.success) return parsed.data
  const errors = toFaults(part, schema, parsed.error)
  const first = errors.slice(0, 3).map(({ location, message }) => `${location}: ${message}`)
  throw new ProblemError('invalid', `${first.join('; ')}${errors.length > 3 ? ` and ${errors.length - 3} more` : ''}`, {
    errors,
  })
}
