export { formatCredits } from './format-credits.ts'
export {
  ledgerAccountOpen,
  ledgerAccounts,
  ledgerAccountUpdate,
  ledgerAlerts,
  ledgerBudgetSet,
  ledgerHistory,
  ledgerHoldGet,
  ledgerRebalance,
} from './functions/account.ts'
export type { Credits } from './functions/answer.ts'
export { ledgerBalance } from './functions/balance.ts'
export { ledgerLeaseClose, ledgerLeaseGet, ledgerLeaseOpen, ledgerLeaseReport } from './functions/lease.ts'
export { ledgerCharges, ledgerHolds, ledgerLeases, ledgerRefunds } from './functions/list.ts'
export {
  ledgerAudit,
  ledgerExpireDue,
  ledgerPublish,
  ledgerRebalanceDue,
  ledgerSeal,
  ledgerStats,
  ledgerVerify,
} from './functions/operate.ts'
export {
  batchMisuse,
  ledgerBatch,
  ledgerBatchJson,
  ledgerCapture,
  ledgerCharge,
  ledgerExtend,
  ledgerGrant,
  ledgerRefund,
  ledgerRefundHold,
  ledgerReserve,
  ledgerSettle,
  ledgerTransfer,
  ledgerVoid,
} from './functions/posting.ts'
export { ledgerUsage } from './functions/usage.ts'
export { ledgerUserEnsure } from './functions/user.ts'
