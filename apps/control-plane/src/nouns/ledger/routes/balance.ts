import { getBalance, getHistory } from '@core/api'
import { ledgerBalance, ledgerHistory } from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const balanceRoutes = [
  serve(getBalance, async ({ project, params: { code }, query: { at }, call }) => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    return toAnswer(200, await call(ledgerBalance, { account: code, at }))
  }),

  serve(getHistory, async ({ project, params: { code }, query: { cursor: before, limit, ...filter }, call }) => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    return toPage('entries', await call(ledgerHistory, { account: code, before, limit, filter }))
  }),
]
