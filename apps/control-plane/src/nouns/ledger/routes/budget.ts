import { listAlerts, listBudgets, setBudget } from '@core/api'
import { isOwner } from '../../../auth/principal.ts'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const budgetRoutes = [
  serve(listBudgets, async ({ project, query: { account = project }, rpc }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toPage('budgets', await rpc('ledger_balance', { p_account: account }))
  }),

  serve(setBudget, async ({ project, principal, ifMatch, idempotencyKey, body, rpc, rpcUnbound }) => {
    const { account, budget, period, limit, timeZone, carryCap, floor, alertBasisPoints } = body
    if (!isAccountOf(project, account)) return accountNotFound(account)
    // Within the claims of a project the owner would be one, and could not change what the owner set.
    const set = isOwner(principal) ? rpcUnbound : rpc
    const answer = await set('ledger_budget_set', {
      p_key: idempotencyKey,
      p_account: account,
      p_name: budget,
      p_period: period,
      p_limit: limit,
      p_tz: timeZone,
      p_carry_cap: carryCap,
      p_floor: floor,
      p_alert_bp: alertBasisPoints,
      p_if_match: ifMatch,
    })
    return toAnswer(200, answer)
  }),

  serve(listAlerts, async ({ query: { cursor, limit }, rpc }) => {
    const answer = await rpc('ledger_alerts', { p_after: cursor ?? 0, p_limit: limit })
    const rows = Array.isArray(answer['alerts']) ? answer['alerts'] : []
    const alerts = rows.map(({ threshold_bp, ...alert }) => ({ ...alert, threshold_basis_points: threshold_bp }))
    return toPage('alerts', { ...answer, alerts })
  }),
]
