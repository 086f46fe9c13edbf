import { closeCreditLease, getCreditLease, openCreditLease, reportCreditLease } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const creditLeaseRoutes = [
  serve(openCreditLease, async ({ project, idempotencyKey, body, rpc }) => {
    const { account, amount, ttlSeconds, device } = body
    if (!isAccountOf(project, account)) return accountNotFound(account)
    const answer = await rpc('ledger_lease_open', {
      p_key: idempotencyKey,
      p_account: account,
      p_amount: amount,
      p_ttl_s: ttlSeconds,
      p_device: device,
    })
    return toAnswer(201, answer)
  }),

  serve(getCreditLease, async ({ params: { id }, rpc }) =>
    toAnswer(200, await rpc('ledger_lease_get', { p_lease: id })),
  ),

  // The report's number is its key in the database; the header cannot make it another one.
  serve(reportCreditLease, async ({ params: { id }, body: { seq, items }, rpc }) => {
    return toAnswer(200, await rpc('ledger_lease_report', { p_lease: id, p_seq: seq, p_items: items }))
  }),

  serve(closeCreditLease, async ({ idempotencyKey, params: { id }, rpc }) => {
    return toAnswer(200, await rpc('ledger_lease_close', { p_key: idempotencyKey, p_lease: id }))
  }),
]
