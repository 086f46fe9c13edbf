import { getLedgerStats, sealLedger, verifyLedger } from '@core/api'
import { type BoundRoute, serve } from '../bound-route.ts'
import { toAnswer } from '../denial.ts'
import { wholeSystem } from '../whole-system.ts'

export const ledgerRoutes: BoundRoute[] = [
  serve(sealLedger, async (context) => toAnswer(200, await wholeSystem(context)('ledger_seal', {}))),

  serve(verifyLedger, async ({ query: { from }, ...context }) =>
    toAnswer(200, await wholeSystem(context)('ledger_verify', { p_from: from })),
  ),

  serve(getLedgerStats, async (context) => {
    const { oldest_due_s, ...stats } = await wholeSystem(context)('ledger_stats', {})
    return toAnswer(200, { ...stats, oldest_due_seconds: oldest_due_s })
  }),
]
