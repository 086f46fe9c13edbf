import { getAccount, listAccounts, openAccount, updateAccount } from '@core/api'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const accountRoutes = [
  serve(listAccounts, async ({ project, query: { parent, cursor, limit }, rpc }) => {
    if (parent !== undefined && !isAccountOf(project, parent)) return accountNotFound(parent)
    const answer = await rpc('ledger_accounts', { p_parent: parent ?? null, p_after: cursor ?? null, p_limit: limit })
    return toPage('accounts', answer)
  }),

  serve(openAccount, async ({ project, principal, idempotencyKey, body, rpc, rpcUnbound }) => {
    const { account, kind, parent, funding, overdraft, debtLimit, overBp, metadata } = body
    if (!isAccountOf(project, account)) return accountNotFound(account)
    // A parent in another project (the shared pool) is the owner's to give.
    const unbound = isOwner(principal)
    if (parent !== undefined && !unbound && !isAccountOf(project, parent)) return accountNotFound(parent)
    const open = unbound ? rpcUnbound : rpc
    const answer = await open('ledger_account_open', {
      p_key: idempotencyKey,
      p_account: account,
      p_kind: kind,
      p_parent: parent ?? null,
      p_funding: funding,
      p_overdraft: overdraft,
      p_debt_limit: debtLimit,
      p_over_bp: overBp,
      p_metadata: metadata,
    })
    return toAnswer(201, answer)
  }),

  serve(getAccount, async ({ project, params: { code }, rpc }) => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    return toAnswer(200, await rpc('ledger_balance', { p_account: code }))
  }),

  serve(
    updateAccount,
    async ({ project, principal, ifMatch, idempotencyKey, params: { code }, body, rpc, rpcUnbound }) => {
      if (!isAccountOf(project, code)) return accountNotFound(code)
      const { status, overdraft, debtLimit, overBp, metadata } = body
      // Debt and what is charged above holds are the owner's alone.
      const update = isOwner(principal) ? rpcUnbound : rpc
      const answer = await update('ledger_account_update', {
        p_key: idempotencyKey,
        p_account: code,
        p_status: status ?? null,
        p_overdraft: overdraft ?? null,
        p_debt_limit: debtLimit ?? null,
        p_over_bp: overBp ?? null,
        p_metadata: metadata ?? null,
        p_if_match: ifMatch,
      })
      return toAnswer(200, answer)
    },
  ),
]
