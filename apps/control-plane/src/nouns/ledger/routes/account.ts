import { getAccount, listAccounts, openAccount, updateAccount } from '@core/api'
import { callable, ledgerAccountOpen, ledgerAccounts, ledgerAccountUpdate, ledgerBalance } from '@core/api/functions'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const accountRoutes = [
  serve(listAccounts, async ({ project, query: { parent, cursor: after, limit }, call }) => {
    if (parent !== undefined && !isAccountOf(project, parent)) return accountNotFound(parent)
    return toPage('accounts', await call(ledgerAccounts, { parent, after, limit }))
  }),

  serve(openAccount, async ({ project, principal, idempotencyKey: key, body, rpc, rpcUnbound }) => {
    const { account, parent } = body
    if (!isAccountOf(project, account)) return accountNotFound(account)
    // A parent in another project (the shared pool) is the owner's to give.
    const unbound = isOwner(principal)
    if (parent !== undefined && !unbound && !isAccountOf(project, parent)) return accountNotFound(parent)
    const open = callable({ rpc: unbound ? rpcUnbound : rpc }, ledgerAccountOpen)
    return toAnswer(201, await open({ ...body, key }))
  }),

  serve(getAccount, async ({ project, params: { code }, call }) => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    return toAnswer(200, await call(ledgerBalance, { account: code }))
  }),

  serve(
    updateAccount,
    async ({ project, principal, ifMatch, idempotencyKey: key, params: { code: account }, body, rpc, rpcUnbound }) => {
      if (!isAccountOf(project, account)) return accountNotFound(account)
      // Debt and what is charged above holds are the owner's alone.
      const update = callable({ rpc: isOwner(principal) ? rpcUnbound : rpc }, ledgerAccountUpdate)
      return toAnswer(200, await update({ ...body, key, account, ifMatch }))
    },
  ),
]
