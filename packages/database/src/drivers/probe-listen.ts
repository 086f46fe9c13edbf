import { randomUUID } from 'node:crypto'
import type { Clock, Logger } from '@core/foundation'
import type pg from 'pg'

const channel = 'core_listen_probe'
const waitMs = 3_000

export interface ListenProbe {
  /** A connection that listens. */
  readonly client: pg.Client
  /** Sends a notification over another connection. */
  readonly notify: (channel: string, payload: string) => Promise<unknown>
  readonly logger: Logger
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A pooler in transaction mode accepts LISTEN and delivers nothing. Sends itself one notification and warns of a loss. */
export async function probeListen({ client, notify, logger, clock, signal }: ListenProbe): Promise<void> {
  const payload = randomUUID()
  const heard = Promise.withResolvers<void>()
  const onNotification = (notification: pg.Notification) => {
    if (notification.payload === payload) heard.resolve()
  }
  client.on('notification', onNotification)
  const over = new AbortController()
  try {
    await client.query(`listen ${channel}`)
    await notify(channel, payload)
    const late = clock.sleep(waitMs, { signal: AbortSignal.any([signal, over.signal]) }).then(() => 'late' as const)
    const outcome = await Promise.race([heard.promise, late])
    if (outcome === 'late') {
      logger.warn(
        { waitMs },
        'notifications of the database do not arrive, as behind a pooler in transaction mode: changes are found by polling instead',
      )
    }
    over.abort()
    await late.catch(() => undefined)
    await client.query(`unlisten ${channel}`)
  } catch (error) {
    if (!signal.aborted) logger.debug({ error }, 'whether notifications arrive could not be tried')
  } finally {
    client.off('notification', onNotification)
  }
}
