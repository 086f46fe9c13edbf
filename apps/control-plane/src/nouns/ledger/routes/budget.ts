import { listAlerts, listBudgets, removeBudget, setBudget } from '@core/api'
import { type ArgumentInput, callable, ledgerAlerts, ledgerBalance, ledgerBudgetSet } from '@core/api/functions'
import { isOwner } from '../../../auth/principal.ts'
import { type RouteAnswer, type RouteCall, serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const budgetRoutes = [
  serve(listBudgets, async ({ project, params: { code: account }, call }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toPage('budgets', await call(ledgerBalance, { account }))
  }),

  serve(setBudget, async ({ body, ...call }) => set(call, body)),
  serve(removeBudget, async (call) => set(call, { period: null, limit: null })),

  serve(listAlerts, async ({ query: { cursor: after, limit }, call }) => {
    return toPage('alerts', await call(ledgerAlerts, { after, limit }))
  }),
]

type Terms = Pick<ArgumentInput<typeof ledgerBudgetSet.args>, 'period' | 'limit'>

async function set(
  {
    project,
    principal,
    ifMatch,
    idempotencyKey: key,
    params: { code: account, budget },
    rpc,
    rpcUnbound,
  }: Omit<RouteCall<typeof setBudget>, 'body'>,
  terms: Terms,
): Promise<RouteAnswer> {
  if (!isAccountOf(project, account)) return accountNotFound(account)
  // Within the claims of a project the owner would be one, and could not change what the owner set.
  const call = callable({ rpc: isOwner(principal) ? rpcUnbound : rpc }, ledgerBudgetSet)
  return toAnswer(200, await call({ ...terms, key, account, budget, ifMatch }))
}
