import { type ApiKeyMode, generateApiKey } from '@core/api'
import type { CoreAnswer } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { toPage } from '../../http/page.ts'

/** Creates a key, stores its hash and returns the secret once; a replay keeps the first key and has no secret. */
export async function withSecret(mode: ApiKeyMode, store: (hash: string, hint: string) => Promise<CoreAnswer>) {
  const { secret, hash, hint } = generateApiKey(mode)
  const answer = await store(hash, hint)
  return toAnswer(201, { ...withScopes(answer), secret: answer['replayed'] === true ? null : secret })
}

/** What the database calls caps, the API calls scopes. */
export function withScopes({ caps, ...row }: CoreAnswer): CoreAnswer {
  return { ...row, scopes: caps }
}

/** A list of keys as a page; its cursor is the last id of a full one. */
export function toKeyPage(limit: number, answer: CoreAnswer) {
  const rows = Array.isArray(answer['keys']) ? answer['keys'] : []
  const next = rows.length === limit ? rows.at(-1)?.id : null
  return toPage('keys', { ...answer, keys: rows.map(withScopes), next })
}
