import { rebalanceBudgets } from '@core/api'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const rebalanceRoutes = [
  serve(rebalanceBudgets, async ({ project, principal, idempotencyKey, body, rpc, rpcUnbound }) => {
    const { parent, budget, policy, dryRun } = body
    if (!isAccountOf(project, parent)) return accountNotFound(parent)
    const rebalance = isOwner(principal) ? rpcUnbound : rpc
    const answer = await rebalance('ledger_rebalance', {
      p_key: idempotencyKey,
      p_parent: parent,
      p_budget: budget,
      p_policy: policy,
      p_dry_run: dryRun,
    })
    return toAnswer(200, answer)
  }),
]
