import { captureHold, extendHold, getHold, reserveHold, settleHold, voidHold } from '@core/api'
import {
  ledgerCapture,
  ledgerExtend,
  ledgerHoldGet,
  ledgerReserve,
  ledgerSettle,
  ledgerVoid,
} from '@core/api/functions'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { forward } from '../../../http/forward.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

export const holdRoutes = [
  serve(reserveHold, async ({ project, idempotencyKey: key, body, call }) => {
    if (!isAccountOf(project, body.account)) return accountNotFound(body.account)
    return toAnswer(201, await call(ledgerReserve, { ...body, key }))
  }),
  forward(getHold, ledgerHoldGet, ({ params: { id: hold } }) => ({ hold })),
  forward(extendHold, ledgerExtend, ({ idempotencyKey: key, params: { id: hold }, body }) => ({ ...body, key, hold })),
  forward(captureHold, ledgerCapture, ({ idempotencyKey: key, params: { id: hold }, body }) => ({
    ...body,
    key,
    hold,
  })),
  forward(settleHold, ledgerSettle, ({ idempotencyKey: key, params: { id: hold }, body }) => ({ ...body, key, hold })),
  forward(voidHold, ledgerVoid, ({ idempotencyKey: key, params: { id: hold }, body }) => ({ ...body, key, hold })),
]
