import { refundCharge, refundHold } from '@core/api'
import { ledgerRefund, ledgerRefundHold } from '@core/api/functions'
import { forward } from '../../../http/forward.ts'

export const refundRoutes = [
  forward(refundCharge, ledgerRefund, ({ idempotencyKey: key, body }) => ({ ...body, key })),
  forward(refundHold, ledgerRefundHold, ({ idempotencyKey: key, params: { id: hold }, body }) => ({
    ...body,
    key,
    hold,
  })),
]
