import { listCharges, listCreditLeases, listHolds, listRefunds } from '@core/api'
import { ledgerCharges, ledgerHolds, ledgerLeases, ledgerRefunds } from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toPage } from '../../../http/page.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const listRoutes = [
  serve(listHolds, async ({ project, query: { account = project, cursor: before, limit, status }, call }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toPage('rows', await call(ledgerHolds, { account, before, limit, status }))
  }),

  serve(listCreditLeases, async ({ project, query: { account = project, cursor: before, limit }, call }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toPage('rows', await call(ledgerLeases, { account, before, limit }))
  }),

  serve(listCharges, async ({ project, query: { account = project, cursor: before, limit }, call }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toPage('rows', await call(ledgerCharges, { account, before, limit }))
  }),

  serve(listRefunds, async ({ project, query: { account = project, cursor: before, limit }, call }) => {
    if (!isAccountOf(project, account)) return accountNotFound(account)
    return toPage('rows', await call(ledgerRefunds, { account, before, limit }))
  }),
]
