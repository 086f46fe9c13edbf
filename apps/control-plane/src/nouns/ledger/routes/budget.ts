import { listAlerts, listBudgets, setBudget } from '@core/api'
import { callable, ledgerAlerts, ledgerBalance, ledgerBudgetSet } from '@core/api/functions'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const budgetRoutes = [
  serve(listBudgets, async ({ project, query: { account = project }, call }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toPage('budgets', await call(ledgerBalance, { account }))
  }),

  serve(setBudget, async ({ project, principal, ifMatch, idempotencyKey: key, body, rpc, rpcUnbound }) => {
    if (!isAccountOf(project, body.account)) return accountNotFound(body.account)
    // Within the claims of a project the owner would be one, and could not change what the owner set.
    const set = callable({ rpc: isOwner(principal) ? rpcUnbound : rpc }, ledgerBudgetSet)
    return toAnswer(200, await set({ ...body, key, ifMatch }))
  }),

  serve(listAlerts, async ({ query: { cursor: after, limit }, call }) => {
    return toPage('alerts', await call(ledgerAlerts, { after, limit }))
  }),
]
