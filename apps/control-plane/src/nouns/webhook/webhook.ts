import type { CreateNoun } from '../../process/noun.ts'
import { createAddressGuard } from './address-guard.ts'
import { createDeliveries } from './delivery.ts'
import { createWebhookMetrics } from './metrics.ts'
import { webhookRoutes } from './routes.ts'

const claimEveryMs = 1000

/** Events of a project, sent to an address of its own. */
export const webhook: CreateNoun = ({ database, config, logger, clock }) => {
  const guard = createAddressGuard(config.webhook.privateHosts)
  const metrics = createWebhookMetrics()
  const deliveries = createDeliveries({ database, guard, logger, clock, onAttempt: metrics.count })
  return {
    routes: webhookRoutes({ database, guard, clock }),
    loops: [{ name: 'webhooks', everyMs: claimEveryMs, work: deliveries.start }],
    metrics: (registry) => metrics.register(registry, { underWay: () => deliveries.underWay.size }),
  }
}
