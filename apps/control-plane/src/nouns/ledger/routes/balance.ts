import { getBalance, getHistory } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const balanceRoutes = [
  serve(getBalance, async ({ project, params: { code }, query: { at }, rpc }) => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    return toAnswer(200, await rpc('ledger_balance', { p_account: code, p_at: at ?? null }))
  }),

  serve(getHistory, async ({ project, params: { code }, query: { cursor, limit, ...filter }, rpc }) => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    const answer = await rpc('ledger_history', {
      p_account: code,
      p_before: cursor ?? null,
      p_limit: limit,
      p_filter: filter,
    })
    return toPage('entries', answer)
  }),
]
