import { grantCredits } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const grantRoutes = [
  serve(grantCredits, async ({ project, idempotencyKey, body: { account, amount, reason, metadata }, rpc }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    const answer = await rpc('ledger_grant', {
      p_key: idempotencyKey,
      p_account: account,
      p_amount: amount,
      p_reason: reason ?? null,
      p_metadata: metadata,
    })
    return toAnswer(201, answer)
  }),
]
