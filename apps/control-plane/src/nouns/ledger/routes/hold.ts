import { captureHold, extendHold, getHold, reserveHold, settleHold, voidHold } from '@core/api'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const holdRoutes = [
  serve(reserveHold, async ({ project, idempotencyKey, body, rpc }) => {
    const { account, amount, min, ttlSeconds, over, hold, metadata } = body
    if (!isAccountOf(project, account)) return accountNotFound(account)
    const answer = await rpc('ledger_reserve', {
      p_key: idempotencyKey,
      p_account: account,
      p_amount: amount,
      p_hold: hold ?? null,
      p_min: min ?? null,
      p_ttl_s: ttlSeconds,
      p_over: over,
      p_metadata: metadata,
    })
    return toAnswer(201, answer)
  }),

  serve(getHold, async ({ params: { id }, rpc }) => toAnswer(200, await rpc('ledger_hold_get', { p_hold: id }))),

  serve(extendHold, async ({ idempotencyKey, params: { id }, body: { add, min, ttlSeconds }, rpc }) => {
    const answer = await rpc('ledger_extend', {
      p_key: idempotencyKey,
      p_hold: id,
      p_add: add,
      p_min: min ?? null,
      p_ttl_s: ttlSeconds,
    })
    return toAnswer(200, answer)
  }),

  serve(captureHold, async ({ idempotencyKey, params: { id }, body: { amount }, rpc }) => {
    return toAnswer(200, await rpc('ledger_capture', { p_key: idempotencyKey, p_hold: id, p_amount: amount }))
  }),

  serve(settleHold, async ({ idempotencyKey, params: { id }, body: { amount, metadata }, rpc }) => {
    const answer = await rpc('ledger_settle', {
      p_key: idempotencyKey,
      p_hold: id,
      p_amount: amount ?? null,
      p_metadata: metadata,
    })
    return toAnswer(200, answer)
  }),

  serve(voidHold, async ({ idempotencyKey, params: { id }, body: { reason }, rpc }) => {
    const answer = await rpc('ledger_void', { p_key: idempotencyKey, p_hold: id, p_reason: reason ?? null })
    return toAnswer(200, answer)
  }),
]
