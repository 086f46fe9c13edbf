import type { BoundRoute } from '../bound-route.ts'
import { accountRoutes } from './account.ts'
import { apiKeyRoutes } from './api-key.ts'
import { auditRoutes } from './audit.ts'
import { auditLogRoutes } from './audit-log.ts'
import { balanceRoutes } from './balance.ts'
import { batchRoutes } from './batch.ts'
import { budgetRoutes } from './budget.ts'
import { chargeRoutes } from './charge.ts'
import { creditLeaseRoutes } from './credit-lease.ts'
import { errorGroupRoutes } from './error-group.ts'
import { flagRoutes } from './flag.ts'
import { grantRoutes } from './grant.ts'
import { holdRoutes } from './hold.ts'
import { ledgerRoutes } from './ledger.ts'
import { meRoutes } from './me.ts'
import { memberRoutes } from './member.ts'
import { createObservationRoutes, type ObservationRoutesDependencies } from './observation.ts'
import { projectRoutes } from './project.ts'
import { createRealtimeRoutes, type RealtimeRoutesDependencies } from './realtime.ts'
import { rebalanceRoutes } from './rebalance.ts'
import { refundRoutes } from './refund.ts'
import { createSystemRoutes, type SystemRoutesDependencies } from './system.ts'
import { transferRoutes } from './transfer.ts'
import { usageRoutes } from './usage.ts'

/** What serves every route of the contract. */
export function createRoutes(
  dependencies: SystemRoutesDependencies & RealtimeRoutesDependencies & ObservationRoutesDependencies,
): BoundRoute[] {
  return [
    ...createSystemRoutes(dependencies),
    ...createObservationRoutes(dependencies),
    ...createRealtimeRoutes(dependencies),
    ...meRoutes,
    ...projectRoutes,
    ...memberRoutes,
    ...apiKeyRoutes,
    ...flagRoutes,
    ...accountRoutes,
    ...balanceRoutes,
    ...usageRoutes,
    ...grantRoutes,
    ...holdRoutes,
    ...chargeRoutes,
    ...refundRoutes,
    ...transferRoutes,
    ...batchRoutes,
    ...creditLeaseRoutes,
    ...budgetRoutes,
    ...rebalanceRoutes,
    ...auditRoutes,
    ...auditLogRoutes,
    ...ledgerRoutes,
    ...errorGroupRoutes,
  ]
}
