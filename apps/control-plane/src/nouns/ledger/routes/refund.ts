import { refundCharge, refundHold } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'

export const refundRoutes = [
  serve(refundCharge, async ({ idempotencyKey, body: { tx, amount }, rpc }) => {
    const answer = await rpc('ledger_refund', { p_key: idempotencyKey, p_tx: tx, p_amount: amount ?? null })
    return toAnswer(201, answer)
  }),

  serve(refundHold, async ({ idempotencyKey, params: { id }, body: { amount }, rpc }) => {
    const answer = await rpc('ledger_refund_hold', { p_key: idempotencyKey, p_hold: id, p_amount: amount ?? null })
    return toAnswer(201, answer)
  }),
]
