import {
  createApiKey,
  createSystemApiKey,
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
import { requireOwner } from '../../auth/system-calls.ts'
import { type CoreAnswer, type RouteContext, serve } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toKeyPage, withScopes, withSecret } from './key-answer.ts'

export const apiKeyRoutes = [
  serve(listApiKeys, ({ project, query, rpc }) => list(rpc, project, query)),
  serve(createApiKey, ({ project, idempotencyKey, body, rpc }) => create(rpc, project, idempotencyKey, body)),
  serve(updateApiKey, ({ params: { id }, body, ifMatch, rpc }) => update(rpc, id, body, ifMatch)),
  serve(rerollApiKey, ({ idempotencyKey, params: { id }, body, rpc }) => reroll(rpc, id, idempotencyKey, body)),
  serve(revokeApiKey, ({ params: { id }, rpc }) => revoke(rpc, id)),

  serve(listSystemApiKeys, ({ query, ...context }) => list(requireOwner(context), null, query)),
  serve(createSystemApiKey, ({ idempotencyKey, body, ...context }) =>
    create(requireOwner(context), null, idempotencyKey, body),
  ),
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
    const answer = await check('key_check', { p_hash: hashApiKey(key), p_scope: scope ?? null })
    const found = answer['key']
    return toAnswer(200, {
      ...answer,
      key: typeof found === 'object' && found !== null ? withScopes({ ...found }) : null,
    })
  }),
]

type Rpc = RouteContext['rpc']

async function list(rpc: Rpc, project: string | null, { cursor, limit }: RouteArguments<typeof listApiKeys>['query']) {
  return toKeyPage(limit, await rpc('key_list', { p_project: project, p_after: cursor ?? null, p_limit: limit }))
}

function create(
  rpc: Rpc,
  project: string | null,
  key: string,
  { name, scopes, expiresAt, mode }: RouteArguments<typeof createApiKey>['body'],
) {
  return withSecret(mode, (hash, hint) =>
    rpc('key_create', {
      p_key: key,
      p_hash: hash,
      p_hint: hint,
      p_project: project,
      p_name: name,
      p_caps: scopes ?? null,
      p_expires_at: expiresAt ?? null,
    }),
  )
}

async function update(
  rpc: Rpc,
  id: string,
  { name, enabled, expiresAt }: RouteArguments<typeof updateApiKey>['body'],
  ifMatch: RouteContext['ifMatch'],
) {
  const answer: CoreAnswer = await rpc('key_update', {
    p_id: id,
    p_name: name ?? null,
    p_enabled: enabled ?? null,
    p_expires_at: expiresAt ?? null,
    p_forever: expiresAt === null,
    p_if_match: ifMatch,
  })
  return toAnswer(200, withScopes(answer))
}

function reroll(
  rpc: Rpc,
  id: string,
  key: string,
  { overlapSeconds, mode }: RouteArguments<typeof rerollApiKey>['body'],
) {
  return withSecret(mode, (hash, hint) =>
    rpc('key_reroll', { p_key: key, p_id: id, p_hash: hash, p_hint: hint, p_overlap_s: overlapSeconds }),
  )
}

async function revoke(rpc: Rpc, id: string) {
  return toAnswer(200, withScopes(await rpc('key_revoke', { p_id: id })))
}
