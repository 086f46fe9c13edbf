import { getAccount, listAccounts, openAccount, updateAccount } from './routes/account.ts'
import { auditAccount, auditLedger } from './routes/audit.ts'
import { getBalance, getHistory } from './routes/balance.ts'
import { runBatch } from './routes/batch.ts'
import { listAlerts, listBudgets, removeBudget, setBudget } from './routes/budget.ts'
import { chargeCredits } from './routes/charge.ts'
import { closeCreditLease, getCreditLease, openCreditLease, reportCreditLease } from './routes/credit-lease.ts'
import { grantCredits } from './routes/grant.ts'
import { captureHold, extendHold, getHold, reserveHold, settleHold, voidHold } from './routes/hold.ts'
import { getLedgerStats, sealLedger, verifyLedger } from './routes/ledger.ts'
import { listCharges, listCreditLeases, listHolds, listRefunds } from './routes/list.ts'
import { rebalanceBudgets } from './routes/rebalance.ts'
import { refundCharge, refundHold } from './routes/refund.ts'
import { transferCredits } from './routes/transfer.ts'
import { getUsage } from './routes/usage.ts'
import { ensureUser } from './routes/user.ts'

/** In the order of the docs. */
export const routes = [
  reserveHold,
  listHolds,
  getHold,
  extendHold,
  captureHold,
  settleHold,
  voidHold,
  chargeCredits,
  listCharges,
  refundCharge,
  refundHold,
  listRefunds,
  listAccounts,
  openAccount,
  getAccount,
  updateAccount,
  ensureUser,
  getBalance,
  getHistory,
  getUsage,
  listBudgets,
  setBudget,
  removeBudget,
  rebalanceBudgets,
  listAlerts,
  grantCredits,
  transferCredits,
  runBatch,
  openCreditLease,
  listCreditLeases,
  getCreditLease,
  reportCreditLease,
  closeCreditLease,
  auditAccount,
  auditLedger,
  sealLedger,
  verifyLedger,
  getLedgerStats,
] as const
