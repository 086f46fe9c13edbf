import { auditAccount, auditLedger } from '@core/api'
import { callable, ledgerAudit } from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const auditRoutes = [
  serve(auditLedger, async ({ principal, rpc, rpcUnbound }) => {
    // For anybody but the owner the database refuses: the whole ledger is no project's.
    const audit = callable({ rpc: principal.project === undefined ? rpcUnbound : rpc }, ledgerAudit)
    return toAnswer(200, await audit({}))
  }),

  serve(auditAccount, async ({ project, params: { code: account }, call }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toAnswer(200, await call(ledgerAudit, { account }))
  }),
]
