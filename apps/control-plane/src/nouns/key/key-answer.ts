import { type ApiKeyMode, generateApiKey } from '@core/api'
import type { AnswerOf, keyList } from '@core/api/functions'
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
export function toKeyPage(limit: number, answer: AnswerOf<typeof keyList>) {
  const next = answer.keys.length === limit ? answer.keys.at(-1)?.id : null
  return toPage('keys', { ...answer, keys: answer.keys.map(withScopes), next })
}
