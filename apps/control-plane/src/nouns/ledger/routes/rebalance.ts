import { rebalanceBudgets } from '@core/api'
import { callable, ledgerRebalance } from '@core/api/functions'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const rebalanceRoutes = [
  serve(rebalanceBudgets, async ({ project, principal, idempotencyKey: key, body, rpc, rpcUnbound }) => {
    if (!isAccountOf(project, body.parent)) return accountNotFound(body.parent)
    const rebalance = callable({ rpc: isOwner(principal) ? rpcUnbound : rpc }, ledgerRebalance)
    return toAnswer(200, await rebalance({ ...body, key }))
  }),
]
