import type { BoundRoute } from '../http/bound-route.ts'
import { auditLogRoutes } from './audit/routes.ts'
import { errorGroupRoutes } from './error/routes.ts'
import { createRealtimeRoutes, type RealtimeRoutesDependencies } from './event/routes.ts'
import { flagRoutes } from './flag/routes.ts'
import { apiKeyRoutes } from './key/routes.ts'
import { accountRoutes } from './ledger/routes/account.ts'
import { auditRoutes } from './ledger/routes/audit.ts'
import { balanceRoutes } from './ledger/routes/balance.ts'
import { batchRoutes } from './ledger/routes/batch.ts'
import { budgetRoutes } from './ledger/routes/budget.ts'
import { chargeRoutes } from './ledger/routes/charge.ts'
import { creditLeaseRoutes } from './ledger/routes/credit-lease.ts'
import { grantRoutes } from './ledger/routes/grant.ts'
import { holdRoutes } from './ledger/routes/hold.ts'
import { ledgerRoutes } from './ledger/routes/ledger.ts'
import { rebalanceRoutes } from './ledger/routes/rebalance.ts'
import { refundRoutes } from './ledger/routes/refund.ts'
import { transferRoutes } from './ledger/routes/transfer.ts'
import { usageRoutes } from './ledger/routes/usage.ts'
import { memberRoutes } from './member/routes.ts'
import { projectRoutes } from './project/routes.ts'
import { meRoutes } from './system/routes/me.ts'
import { createObservationRoutes, type ObservationRoutesDependencies } from './system/routes/observation.ts'
import { createSystemRoutes, type SystemRoutesDependencies } from './system/routes/system.ts'

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
