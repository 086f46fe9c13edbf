import { Counter, Gauge, type Registry } from '@platformatic/prom-client'
import type { PostOutcome } from './post-event.ts'

export interface WebhookMetrics {
  count(outcome: PostOutcome): void
  register(registry: Registry, figures: { underWay(): number }): void
}

/** Attempts by outcome; their receivers are in no label, because their number has no bound. */
export function createWebhookMetrics(): WebhookMetrics {
  const attempts = new Counter({
    name: 'core_webhook_attempts_total',
    help: 'Attempts to deliver an event to a webhook, by outcome.',
    labelNames: ['outcome'],
    registers: [],
  })
  for (const outcome of ['delivered', 'refused', 'unreachable']) attempts.inc({ outcome }, 0)

  return {
    count({ delivered, status }) {
      attempts.inc({ outcome: delivered ? 'delivered' : status === null ? 'unreachable' : 'refused' })
    },
    register(registry, { underWay }) {
      registry.registerMetric(attempts)
      new Gauge({
        name: 'core_webhook_deliveries_under_way',
        help: 'Topics of webhooks that this process is delivering now.',
        registers: [registry],
        collect() {
          this.set(underWay())
        },
      })
    },
  }
}
