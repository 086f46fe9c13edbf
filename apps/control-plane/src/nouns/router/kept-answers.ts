import { callable, routerAnswer, routerAnswerPut } from '@core/api/functions'
import type { Database } from '@core/database'
import { isCoreError } from '@core/foundation'
import type { AnswerName, KeptAnswers } from '@core/router'
import { z } from 'zod'
import type { Vault } from '../../vault/vault.ts'

const keptShape = z.object({
  requestHash: z.string(),
  status: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
})
const timeoutMs = 2_000

/** Answers of model calls in the database, sealed: they hold what people asked and were answered. */
export function createKeptAnswers(database: Pick<Database, 'rpc'>, vault: Pick<Vault, 'seal' | 'open'>): KeptAnswers {
  const find = callable(database, routerAnswer)
  const put = callable(database, routerAnswerPut)
  const placeOf = ({ project, keyHash }: AnswerName) => [project, 'model answer', keyHash]

  return {
    async find(name) {
      const { answer } = await find(name, { timeoutMs })
      if (answer === null) return undefined
      try {
        return keptShape.parse(JSON.parse(vault.open(placeOf(name), answer.sealed).reveal()))
      } catch (error) {
        // Its key has gone: the call is known by its hold, and its answer is lost.
        if (isCoreError(error, 'E_CONFLICT')) return undefined
        throw error
      }
    },
    async keep(name, answer) {
      const sealed = vault.seal(placeOf(name), JSON.stringify(answer))
      await put({ ...name, requestHash: answer.requestHash, sealed }, { timeoutMs })
    },
  }
}
