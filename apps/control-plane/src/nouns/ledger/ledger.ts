import type { CreateNoun } from '../../process/noun.ts'
import { coalesceLedgerCalls } from './coalesced-calls.ts'
import { ledgerDenials } from './denials.ts'
import { ledgerLoops } from './loops.ts'
import { registerLedgerMetrics } from './metrics.ts'
import { accountRoutes } from './routes/account.ts'
import { auditRoutes } from './routes/audit.ts'
import { balanceRoutes } from './routes/balance.ts'
import { batchRoutes } from './routes/batch.ts'
import { budgetRoutes } from './routes/budget.ts'
import { chargeRoutes } from './routes/charge.ts'
import { creditLeaseRoutes } from './routes/credit-lease.ts'
import { grantRoutes } from './routes/grant.ts'
import { holdRoutes } from './routes/hold.ts'
import { ledgerRoutes } from './routes/ledger.ts'
import { listRoutes } from './routes/list.ts'
import { rebalanceRoutes } from './routes/rebalance.ts'
import { refundRoutes } from './routes/refund.ts'
import { transferRoutes } from './routes/transfer.ts'
import { usageRoutes } from './routes/usage.ts'
import { userRoutes } from './routes/user.ts'

/** Credits. */
export const ledger: CreateNoun = (kernel) => ({
  routes: [
    ...accountRoutes,
    ...userRoutes,
    ...balanceRoutes,
    ...usageRoutes,
    ...grantRoutes,
    ...holdRoutes,
    ...chargeRoutes,
    ...refundRoutes,
    ...transferRoutes,
    ...batchRoutes,
    ...creditLeaseRoutes,
    ...listRoutes,
    ...budgetRoutes,
    ...rebalanceRoutes,
    ...auditRoutes,
    ...ledgerRoutes,
  ],
  loops: ledgerLoops(kernel),
  metrics: (registry) =>
    registerLedgerMetrics({ registry, database: kernel.unguarded, logger: kernel.logger, clock: kernel.clock }),
  joinCalls: coalesceLedgerCalls,
  denials: ledgerDenials,
  features: {
    sealing: kernel.config.background.sealEverySeconds > 0,
    rebalancing: kernel.config.background.rebalanceEverySeconds > 0,
  },
})
