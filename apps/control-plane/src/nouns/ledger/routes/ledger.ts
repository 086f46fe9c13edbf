import { getLedgerStats, sealLedger, verifyLedger } from '@core/api'
import { requireSystemScope } from '../../../auth/system-calls.ts'
import { type BoundRoute, serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'

export const ledgerRoutes: BoundRoute[] = [
  serve(sealLedger, async (context) => toAnswer(200, await requireSystemScope(context)('ledger_seal', {}))),

  serve(verifyLedger, async ({ query: { from }, ...context }) =>
    toAnswer(200, await requireSystemScope(context)('ledger_verify', { p_from: from })),
  ),

  serve(getLedgerStats, async (context) => {
    const { oldest_due_s, ...stats } = await requireSystemScope(context)('ledger_stats', {})
    return toAnswer(200, { ...stats, oldest_due_seconds: oldest_due_s })
  }),
]
