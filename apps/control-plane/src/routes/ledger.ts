import { getLedgerStats, sealLedger, verifyLedger } from '@core/api'
import { type BoundRoute, type RouteContext, serve } from '../bound-route.ts'
import { toAnswer } from '../denial.ts'
import { notFound } from '../problem-error.ts'

export const ledgerRoutes: BoundRoute[] = [
  serve(sealLedger, async (context) => toAnswer(200, await whole(context)('ledger_seal', {}))),

  serve(verifyLedger, async ({ query: { from }, ...context }) =>
    toAnswer(200, await whole(context)('ledger_verify', { p_from: from })),
  ),

  serve(getLedgerStats, async (context) => {
    const { oldest_due_s, ...stats } = await whole(context)('ledger_stats', {})
    return toAnswer(200, { ...stats, oldest_due_seconds: oldest_due_s })
  }),
]

/** The whole ledger is no project's: only the owner acts on it, whatever a project's key may do in its own. */
function whole({ principal, rpcUnbound }: RouteContext): RouteContext['rpcUnbound'] {
  if (principal.project !== undefined) throw notFound()
  return rpcUnbound
}
