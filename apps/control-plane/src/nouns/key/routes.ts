import {
  createApiKey,
  createSystemApiKey,
  getApiKey,
  getSystemApiKey,
  hashApiKey,
  listApiKeys,
  listSystemApiKeys,
  type RouteArguments,
  rerollApiKey,
  rerollSystemApiKey,
  revokeApiKey,
  revokeSystemApiKey,
  updateApiKey,
  updateSystemApiKey,
  verifyApiKey,
} from '@core/api'
import { callable, keyCheck, keyCreate, keyGet, keyList, keyReroll, keyRevoke, keyUpdate } from '@core/api/functions'
import { requireOwner } from '../../auth/system-calls.ts'
import { type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toKeyPage, withScopes, withSecret } from './key-answer.ts'

export const apiKeyRoutes = [
  serve(listApiKeys, ({ project, query, rpc }) => list(rpc, query, project)),
  serve(createApiKey, ({ project, idempotencyKey, body, rpc }) => create(rpc, idempotencyKey, body, project)),
  serve(getApiKey, ({ params: { id }, rpc }) => get(rpc, id)),
  serve(updateApiKey, ({ params: { id }, body, ifMatch, rpc }) => update(rpc, id, body, ifMatch)),
  serve(rerollApiKey, ({ idempotencyKey, params: { id }, body, rpc }) => reroll(rpc, id, idempotencyKey, body)),
  serve(revokeApiKey, ({ params: { id }, rpc }) => revoke(rpc, id)),

  serve(listSystemApiKeys, ({ query, ...context }) => list(requireOwner(context), query)),
  serve(createSystemApiKey, ({ idempotencyKey, body, ...context }) =>
    create(requireOwner(context), idempotencyKey, body),
  ),
  serve(getSystemApiKey, ({ params: { id }, ...context }) => get(requireOwner(context), id)),
  serve(updateSystemApiKey, ({ params: { id }, body, ifMatch, ...context }) =>
    update(requireOwner(context), id, body, ifMatch),
  ),
  serve(rerollSystemApiKey, ({ idempotencyKey, params: { id }, body, ...context }) =>
    reroll(requireOwner(context), id, idempotencyKey, body),
  ),
  serve(revokeSystemApiKey, ({ params: { id }, ...context }) => revoke(requireOwner(context), id)),

  serve(verifyApiKey, async ({ principal, body: { key, scope, project }, ...context }) => {
    const { rpc, rpcUnbound, within } = context
    const named = project === 'current' ? principal.project || undefined : project
    const check = named !== undefined ? within(named) : principal.project === undefined ? rpcUnbound : rpc
    const answer = await callable({ rpc: check }, keyCheck)({ hash: hashApiKey(key), scope })
    return toAnswer(200, { ...answer, key: answer.key && withScopes(answer.key) })
  }),
]

type Rpc = RouteContext['rpc']

async function list(rpc: Rpc, { cursor: after, limit }: RouteArguments<typeof listApiKeys>['query'], project?: string) {
  return toKeyPage(limit, await callable({ rpc }, keyList)({ project, after, limit }))
}

function create(
  rpc: Rpc,
  key: string,
  { mode, ...body }: RouteArguments<typeof createApiKey>['body'],
  project?: string,
) {
  return withSecret(mode, (hash, hint) => callable({ rpc }, keyCreate)({ ...body, key, hash, hint, project }))
}

async function update(
  rpc: Rpc,
  id: string,
  { name, enabled, expiresAt, addDefaultScopes }: RouteArguments<typeof updateApiKey>['body'],
  ifMatch: RouteContext['ifMatch'],
) {
  const isForever = expiresAt === null
  const change = { id, name, enabled, expiresAt: expiresAt ?? undefined, isForever, ifMatch, addDefaultScopes }
  return toAnswer(200, withScopes(await callable({ rpc }, keyUpdate)(change)))
}

function reroll(
  rpc: Rpc,
  id: string,
  key: string,
  { overlapSeconds, mode }: RouteArguments<typeof rerollApiKey>['body'],
) {
  return withSecret(mode, (hash, hint) => callable({ rpc }, keyReroll)({ key, id, hash, hint, overlapSeconds }))
}

async function get(rpc: Rpc, id: string) {
  return toAnswer(200, withScopes(await callable({ rpc }, keyGet)({ id })))
}

async function revoke(rpc: Rpc, id: string) {
  return toAnswer(200, withScopes(await callable({ rpc }, keyRevoke)({ id })))
}
