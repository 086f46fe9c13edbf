import { type ApiKeyMode, createApiKey, generateApiKey, listApiKeys, rerollApiKey, revokeApiKey } from '@core/api'
import { type CoreAnswer, serve } from '../bound-route.ts'
import { toAnswer } from '../denial.ts'
import { toPage } from '../page.ts'

export const apiKeyRoutes = [
  serve(listApiKeys, async ({ project, query: { cursor, limit }, rpc }) => {
    const answer = await rpc('key_list', { p_project: project, p_after: cursor ?? null, p_limit: limit })
    const rows = Array.isArray(answer['keys']) ? answer['keys'] : []
    const next = rows.length === limit ? rows.at(-1)?.id : null
    return toPage('keys', { ...answer, keys: rows.map(withScopes), next })
  }),

  serve(createApiKey, ({ project, idempotencyKey, body: { name, scopes, expiresAt, mode }, rpc }) =>
    withSecret(mode, (hash, hint) =>
      rpc('key_create', {
        p_key: idempotencyKey,
        p_hash: hash,
        p_hint: hint,
        p_project: project,
        p_name: name,
        p_caps: scopes ?? null,
        p_expires_at: expiresAt ?? null,
      }),
    ),
  ),

  serve(rerollApiKey, ({ idempotencyKey, params: { id }, body: { overlapSeconds, mode }, rpc }) =>
    withSecret(mode, (hash, hint) =>
      rpc('key_reroll', { p_key: idempotencyKey, p_id: id, p_hash: hash, p_hint: hint, p_overlap_s: overlapSeconds }),
    ),
  ),

  serve(revokeApiKey, async ({ params: { id }, rpc }) =>
    toAnswer(200, withScopes(await rpc('key_revoke', { p_id: id }))),
  ),
]

/** Makes a key, has its hash stored, and shows it; in a replay the first one stands, which nobody can show again. */
async function withSecret(mode: ApiKeyMode, store: (hash: string, hint: string) => Promise<CoreAnswer>) {
  const { secret, hash, hint } = generateApiKey(mode)
  const answer = await store(hash, hint)
  return toAnswer(201, { ...withScopes(answer), secret: answer['replayed'] === true ? null : secret })
}

/** What the database calls capabilities, the API calls scopes. */
function withScopes({ caps, ...row }: CoreAnswer): CoreAnswer {
  return { ...row, scopes: caps }
}
