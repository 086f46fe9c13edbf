import type { Client } from '@core/api/client'
import { isCoreError } from '@core/foundation'
import { askModel, dearestAnswer } from './model.ts'

export type Outcome =
  | { status: 'answered'; text: string; cost: number }
  /** Not enough left in the pool or in today's budget: ask again later. Nothing was spent. */
  | { status: 'deferred'; reason: string }
  | { status: 'failed'; reason: string }

/**
 * One question. `key` names the intent: a process that restarts and asks the same again is charged once.
 * Dying anywhere in between costs nothing either: the hold gives its credits back after a minute.
 */
export async function answer(client: Client, question: string, key: string, signal: AbortSignal): Promise<Outcome> {
  const project = 'current'
  let hold: string
  try {
    const body = { account: 'smart_layer', amount: dearestAnswer, ttlSeconds: 60, metadata: { question } }
    hold = (await client.reserveHold({ params: { project }, body }, { idempotencyKey: key, signal })).hold
  } catch (error) {
    const code = isCoreError(error) ? error.details['code'] : undefined
    if (code !== 'insufficient_credits' && code !== 'budget_exhausted') throw error
    return { status: 'deferred', reason: code }
  }
  const params = { project, id: hold }
  try {
    const { text, cost } = await askModel(question, signal)
    await client.settleHold({ params, body: { amount: cost } }, { idempotencyKey: `${key} settle`, signal })
    return { status: 'answered', text, cost }
  } catch (error) {
    // Without the caller's signal: also who gives up wants the credits back.
    const body = { reason: error instanceof Error ? error.message : 'unknown' }
    await client.voidHold({ params, body }, { idempotencyKey: `${key} void` })
    return { status: 'failed', reason: body.reason }
  }
}
