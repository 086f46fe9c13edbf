import { createAddressGuard } from '../../http/address-guard.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { createDeliveries } from './delivery.ts'
import { createWebhookMetrics } from './metrics.ts'
import { webhookRoutes } from './routes.ts'
import { findStaleWebhookSecrets } from './sealed-secret.ts'

const claimEveryMs = 1000

/** Events of a project, sent to an address of its own. */
export const webhook: CreateNoun = ({ database, config, logger, clock, vault }) => {
  const guard = createAddressGuard(config.webhook.privateHosts, 'CORE_WEBHOOK_PRIVATE_HOSTS')
  const metrics = createWebhookMetrics()
  const deliveries = createDeliveries({ database, guard, vault, logger, clock, onAttempt: metrics.count })
  vault.addStore(findStaleWebhookSecrets)
  return {
    routes: webhookRoutes({ database, guard, vault, clock }),
    loops: [{ name: 'webhooks', everyMs: claimEveryMs, work: deliveries.start }],
    metrics: (registry) => metrics.register(registry, { underWay: () => deliveries.underWay.size }),
  }
}
