import { chargeCredits } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const chargeRoutes = [
  serve(chargeCredits, async ({ project, idempotencyKey, body: { account, amount, metadata }, rpc }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    const answer = await rpc('ledger_charge', {
      p_key: idempotencyKey,
      p_account: account,
      p_amount: amount,
      p_metadata: metadata,
    })
    return toAnswer(201, answer)
  }),
]
