import { callable, messageTotals } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'
import { Gauge, type Registry } from '@platformatic/prom-client'

interface MessageMetricsDependencies {
  readonly registry: Registry
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly clock: Pick<Clock, 'monotonic'>
}

/** How long one reading serves every scrape. */
const sharedForMs = 5000
const timeoutMs = 2000

/** A member of `core_api.message_totals` and the gauge it fills. */
const gaugesByMember = {
  ready: ['core_messages_ready', 'Messages in all inboxes that may be received, as of the last counts.'],
  held: ['core_messages_held', 'Messages that a process has received and not yet acknowledged.'],
  pending: ['core_messages_pending', 'Messages that were given back for later, or wait for an earlier ordered one.'],
  dead: ['core_messages_dead', 'Dead letters that are kept.'],
  oldest_s: ['core_messages_oldest_seconds', 'How long the message waits that is ready the longest.'],
} as const
const members = ['ready', 'held', 'pending', 'dead', 'oldest_s'] as const

/** Read at a scrape; NaN while the database does not answer. */
export function registerMessageMetrics({ registry, database, logger, clock }: MessageMetricsDependencies): void {
  let last: { readonly at: number; readonly reading: Promise<void> } | undefined
  const collect = (): Promise<void> => {
    if (last === undefined || clock.monotonic() - last.at > sharedForMs)
      last = { at: clock.monotonic(), reading: read() }
    return last.reading
  }
  const gauges = members.map((member) => {
    const [name, help] = gaugesByMember[member]
    return { member, gauge: new Gauge({ name, help, registers: [registry], collect }) }
  })

  async function read(): Promise<void> {
    try {
      const stats = await callable(database, messageTotals)({}, { timeoutMs })
      for (const { member, gauge } of gauges) gauge.set(stats[member])
    } catch (error) {
      logger.debug({ component: 'metrics', err: error }, 'the figures of messages could not be read')
      for (const { gauge } of gauges) gauge.set(Number.NaN)
    }
  }
}
