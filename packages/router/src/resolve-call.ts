import { microCredits } from '@core/ledger'
import type { Caller, ModelRequest, RouterDependencies } from './call.ts'
import { toDenial } from './denial.ts'
import { GatewayError } from './gateway-error.ts'
import { readBody } from './read-body.ts'
import type { ModelCall } from './read-request.ts'
import { type FoundRoute, findRoute, type Period, type Routing } from './routing.ts'

/** A request that was read, and where it leads. */
export interface ResolvedCall {
  readonly request: ModelRequest
  readonly call: ModelCall
  readonly form: FormData | undefined
  readonly found: FoundRoute
  /** What the journal says of it, whatever answers it. */
  readonly facts: CallFacts
}

export interface CallFacts {
  readonly [name: string]: string | readonly string[]
  readonly call: string
  readonly route: string
  readonly operation: string
}

/** @throws GatewayError where the body cannot be read, or names a model that is not there. */
export async function resolveCall(
  request: ModelRequest,
  { routing, refresh, find }: Pick<RouterDependencies, 'routing' | 'refresh'> & { readonly find: typeof findRoute },
): Promise<ResolvedCall> {
  const reading = readBody(request)
  const { call, form } = reading instanceof Promise ? await reading : reading
  const { project, tags } = request.caller
  const table = routing(project)
  const known = find(table instanceof Promise ? await table : table, project, call.model)
  if (known === undefined) await refresh?.()
  const found = known ?? requireRoute(await routing(project), project, call.model, find)
  const facts = {
    call: request.id,
    route: found.route?.name ?? call.model,
    operation: call.operation,
    ...(call.user && { user: call.user }),
    ...(tags.length > 0 && { tags }),
  }
  return { request, call, form, found, facts }
}

/** @throws GatewayError model_not_found. */
export function requireRoute(routing: Routing, project: string, model: string, find = findRoute): FoundRoute {
  const found = find(routing, project, model)
  if (found !== undefined) return found
  const named = JSON.stringify(model.slice(0, 200))
  throw new GatewayError('model_not_found', `there is no model ${named} here: name a route, or provider/model`, {
    param: 'model',
  })
}

/** The key of its hold: a key that the client sent names the call. */
export function holdKeyOf({ id, caller: { idempotencyKey } }: ModelRequest): string {
  return idempotencyKey === undefined ? id : `model:${idempotencyKey}`
}

/** Whose credits it spends: of its end user or its tag where the route gives those accounts, else the caller's. */
export function accountOf({ request: { caller }, call, found }: ResolvedCall): string | Promise<string> {
  const { endUsers, tagAccounts } = found.policy
  if (endUsers !== undefined && call.user !== undefined) return accountOfUser(caller, call.user, endUsers)
  const tag = tagAccounts && caller.tags.find((one) => one.startsWith(`${tagAccounts.prefix}:`))
  return tagAccounts === undefined || tag === undefined ? caller.account : accountOfTag(caller, tag, tagAccounts)
}

interface Cap {
  readonly limit: number
  readonly period: Period
}

async function accountOfUser({ ledger, project }: Caller, user: string, { period, limit }: Cap): Promise<string> {
  const ensured = await ledger.ensureUser({ user, period, limit: microCredits(limit), project })
  if (ensured.status === 'ensured') return ensured.account
  throw toDenial(ensured)
}

async function accountOfTag({ ledger }: Caller, tag: string, { period, limit }: Cap): Promise<string> {
  if (ledger.ensureTag === undefined) throw new GatewayError('not_implemented', 'tags have no accounts here')
  const ensured = await ledger.ensureTag({ tag, period, limit })
  if (ensured.status === 'ensured') return ensured.account
  throw toDenial(ensured)
}
