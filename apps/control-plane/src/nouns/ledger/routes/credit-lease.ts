import { closeCreditLease, getCreditLease, openCreditLease, reportCreditLease } from '@core/api'
import { ledgerLeaseClose, ledgerLeaseGet, ledgerLeaseOpen, ledgerLeaseReport } from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { forward } from '../../../http/forward.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const creditLeaseRoutes = [
  serve(openCreditLease, async ({ project, idempotencyKey: key, body, call }) => {
    if (!isAccountOf(project, body.account)) return accountNotFound(body.account)
    return toAnswer(201, await call(ledgerLeaseOpen, { ...body, key }))
  }),
  forward(getCreditLease, ledgerLeaseGet, ({ params: { id: lease } }) => ({ lease })),
  // The report's number is its key in the database; the header cannot make it another one.
  forward(reportCreditLease, ledgerLeaseReport, ({ params: { id: lease }, body }) => ({ ...body, lease })),
  forward(closeCreditLease, ledgerLeaseClose, ({ idempotencyKey: key, params: { id: lease } }) => ({ key, lease })),
]
