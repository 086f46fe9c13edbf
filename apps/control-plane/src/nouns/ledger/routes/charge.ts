import { chargeCredits } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { accountNotFound, isAccountOf, toAnswer } from '../../../http/denial.ts'

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
