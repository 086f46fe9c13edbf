import { cacheGetMany, cachePutMany, callable } from '@core/api/functions'
import type { Database } from '@core/database'
import type { AnswerCache, CacheName } from '@core/router'
import { z } from 'zod'
import type { Vault } from '../../vault/vault.ts'

/** A namespace of the project's own cache: it counts against the project's bounds, and the project may clear it. */
const namespace = 'model-answers'
const cachedShape = z.object({
  isStream: z.boolean(),
  contentType: z.string(),
  text: z.string(),
  target: z.string(),
  model: z.string(),
  cost: z.int().min(0),
})
const timeoutMs = 2_000

/** Answers that clients asked to be cached, sealed, in the cache of their project: every control plane answers with them. */
export function createCachedAnswers(database: Pick<Database, 'rpc'>, vault: Pick<Vault, 'seal' | 'open'>): AnswerCache {
  const read = callable(database, cacheGetMany)
  const write = callable(database, cachePutMany)
  const placeOf = ({ project, requestHash }: CacheName) => [project, 'cached model answer', requestHash]

  return {
    async get(name) {
      const { project, requestHash } = name
      const { entries } = await read({ namespace, keys: [requestHash], project }, { timeoutMs })
      const [entry] = entries
      if (!entry || entry.fresh_ms <= 0) return undefined
      const sealed = Buffer.from(entry.value, 'base64').toString()
      return cachedShape.parse(JSON.parse(vault.open(placeOf(name), sealed).reveal()))
    },
    async set(name, answer, ttlSeconds) {
      const { project, requestHash } = name
      const value = Buffer.from(vault.seal(placeOf(name), JSON.stringify(answer))).toString('base64')
      const times = { fresh_ms: ttlSeconds * 1_000, stale_ms: ttlSeconds * 1_000 }
      await write({ namespace, entries: [{ key: requestHash, value, tags: [], ...times }], project }, { timeoutMs })
    },
  }
}
