import { transferCredits } from '@core/api'
import { callable, ledgerTransfer } from '@core/api/functions'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const transferRoutes = [
  serve(transferCredits, async ({ project, principal, idempotencyKey: key, body, rpc, rpcUnbound }) => {
    const { from, to } = body
    if (!isAccountOf(project, from)) return accountNotFound(from)
    // Giving to another project, or what a shared purse holds, is the owner's.
    const unbound = isOwner(principal)
    if (!unbound && !isAccountOf(project, to)) return accountNotFound(to)
    const transfer = callable({ rpc: unbound ? rpcUnbound : rpc }, ledgerTransfer)
    return toAnswer(201, await transfer({ ...body, key }))
  }),
]
