import { callable, eventPoll, messageSend } from '@core/api/functions'
import type { Database } from '@core/database'
import { isCoreError, type Logger } from '@core/foundation'

const topic = 'ledger.alert'
const types: Readonly<Record<string, string>> = { threshold_crossed: 'credits.low', uncollected: 'credits.uncollected' }
const atOnce = 100
/** What the alerts behind it would not meet: a project may have used the key for a message of its own. */
const ofThisAlert: ReadonlySet<string> = new Set(['E_IDEMPOTENCY_MISMATCH', 'E_INVALID', 'E_TOO_LARGE'])

/**
 * Sends the alerts of the ledger to their projects as messages. A key that names the alert makes it one message, whichever and
 * however many control planes send it; a process that starts reads the events that are kept from the first on, which is
 * less long than messages are kept.
 * @returns what the loop calls; it answers how many messages are new.
 */
export function createAlertSender(
  database: Pick<Database, 'rpc'>,
  logger: Logger,
): (signal: AbortSignal) => Promise<number> {
  const [poll, send] = [callable(database, eventPoll), callable(database, messageSend)]
  let after = 0
  let epoch: string | undefined

  async function sendOne(
    project: string,
    key: string,
    type: string,
    payload: object,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      const input = { key, type, to: project, payload: { ...payload }, priority: 'high' as const, project }
      const answer = await send(input, { signal })
      if (!answer.ok)
        logger.warn({ project, key, reason: answer.code }, 'an alert did not fit into the inbox of its project')
      return answer.ok && !answer.replayed
    } catch (error) {
      // An account outside every project, or a project that is archived, has no inbox.
      if (isCoreError(error, 'E_NOT_FOUND') || isCoreError(error, 'E_CONFLICT')) return false
      if (!isCoreError(error) || !ofThisAlert.has(error.code)) throw error
      logger.warn({ project, key, err: error }, 'an alert could not be sent to its project')
      return false
    }
  }

  return async (signal) => {
    for (let sent = 0; ; ) {
      const page = await poll({ after, limit: atOnce, topics: [topic] }, { signal })
      const isOther = epoch !== undefined && page.epoch !== epoch
      epoch = page.epoch
      if (isOther) {
        after = 0 // the numbers have begun again
        continue
      }
      for (const { seq, project, type, data, at } of page.events) {
        const kind = types[type]
        if (kind !== undefined && project !== null) {
          const facts: Readonly<Record<string, unknown>> = Object(data)
          if (await sendOne(project, `ledger.alert:${facts['alert']}`, kind, { ...facts, at }, signal)) sent++
        }
        after = seq
      }
      if (page.events.length === atOnce) continue
      after = Math.max(after, page.head)
      return sent
    }
  }
}
