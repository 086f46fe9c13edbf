import { rebalanceBudgets } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

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
