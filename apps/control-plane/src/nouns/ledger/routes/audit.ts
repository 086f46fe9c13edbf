import { auditAccount, auditLedger } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const auditRoutes = [
  serve(auditLedger, async ({ principal, rpc, rpcUnbound }) => {
    // For anybody but the owner the database refuses: the whole ledger is no project's.
    const audit = principal.project === undefined ? rpcUnbound : rpc
    return toAnswer(200, await audit('ledger_audit', { p_account: null }))
  }),

  serve(auditAccount, async ({ project, query: { account = project }, rpc }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toAnswer(200, await rpc('ledger_audit', { p_account: account }))
  }),
]
