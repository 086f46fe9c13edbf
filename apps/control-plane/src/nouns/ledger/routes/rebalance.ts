import { rebalanceBudgets } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { accountNotFound, isAccountOf, toAnswer } from '../../../http/denial.ts'

export const rebalanceRoutes = [
  serve(rebalanceBudgets, async ({ project, idempotencyKey, body: { parent, budget, policy, dryRun }, rpc }) => {
    if (!isAccountOf(project, parent)) return accountNotFound(parent)
    const answer = await rpc('ledger_rebalance', {
      p_key: idempotencyKey,
      p_parent: parent,
      p_budget: budget,
      p_policy: policy,
      p_dry_run: dryRun,
    })
    return toAnswer(200, answer)
  }),
]
