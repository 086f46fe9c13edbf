import { transferCredits } from '@core/api'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const transferRoutes = [
  serve(transferCredits, async ({ project, principal, idempotencyKey, body, rpc, rpcUnbound }) => {
    const { from, to, amount, mode } = body
    if (!isAccountOf(project, from)) return accountNotFound(from)
    // Giving to another project, or what a shared purse holds, is the owner's.
    const unbound = isOwner(principal)
    if (!unbound && !isAccountOf(project, to)) return accountNotFound(to)
    const transfer = unbound ? rpcUnbound : rpc
    const answer = await transfer('ledger_transfer', {
      p_key: idempotencyKey,
      p_from: from,
      p_to: to,
      p_amount: amount,
      p_mode: mode,
    })
    return toAnswer(201, answer)
  }),
]
