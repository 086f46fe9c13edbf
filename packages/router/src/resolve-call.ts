import { microCredits } from '@core/ledger'
import type { ModelRequest } from './call.ts'
import { toDenial } from './denial.ts'
import { GatewayError } from './gateway-error.ts'
import { readBody } from './read-body.ts'
import type { ModelCall } from './read-request.ts'
import { type FoundRoute, findRoute, type Routing } from './routing.ts'

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
  { routing }: { readonly routing: (project: string) => Routing | Promise<Routing> },
): Promise<ResolvedCall> {
  const { call, form } = await readBody(request)
  const { project, tags } = request.caller
  const found = findRoute(await routing(project), project, call.model)
  if (found === undefined) {
    throw new GatewayError(
      'model_not_found',
      `there is no model ${JSON.stringify(call.model)} here: name a route, or provider/model`,
      { param: 'model' },
    )
  }
  const facts = {
    call: request.id,
    route: found.route?.name ?? call.model,
    operation: call.operation,
    ...(call.user && { user: call.user }),
    ...(tags.length > 0 && { tags }),
  }
  return { request, call, form, found, facts }
}

/** The key of its hold: a key that the client sent names the call. */
export function holdKeyOf({ id, caller: { idempotencyKey } }: ModelRequest): string {
  return idempotencyKey === undefined ? id : `model:${idempotencyKey}`
}

/** Whose credits it spends: of its end user or its tag where the route gives those accounts, else the caller's. */
export async function accountOf({ request: { caller }, call, found }: ResolvedCall): Promise<string> {
  const { endUsers, tagAccounts } = found.policy
  if (endUsers !== undefined && call.user !== undefined) {
    const { period, limit } = endUsers
    const { project } = caller
    const ensured = await caller.ledger.ensureUser({ user: call.user, period, limit: microCredits(limit), project })
    if (ensured.status === 'ensured') return ensured.account
    throw toDenial(ensured)
  }
  const tag = tagAccounts && caller.tags.find((one) => one.startsWith(`${tagAccounts.prefix}:`))
  if (tagAccounts === undefined || tag === undefined) return caller.account
  if (caller.ledger.ensureTag === undefined) throw new GatewayError('not_implemented', 'tags have no accounts here')
  const ensured = await caller.ledger.ensureTag({ tag, period: tagAccounts.period, limit: tagAccounts.limit })
  if (ensured.status === 'ensured') return ensured.account
  throw toDenial(ensured)
}
