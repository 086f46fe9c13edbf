import { listAuditLog, listWholeAuditLog } from './audit/routes.ts'
import * as errorGroup from './error/routes.ts'
import { connectRealtime, streamEvents } from './event/routes.ts'
import { listAllFlags, listFlags, setFlag, setFlagForAll } from './flag/routes.ts'
import * as apiKey from './key/routes/api-key.ts'
import { verifyApiKey } from './key/routes/api-key-verify.ts'
import * as systemKey from './key/routes/system-key.ts'
import * as account from './ledger/routes/account.ts'
import { auditAccount, auditLedger } from './ledger/routes/audit.ts'
import { getBalance, getHistory } from './ledger/routes/balance.ts'
import { runBatch } from './ledger/routes/batch.ts'
import * as budget from './ledger/routes/budget.ts'
import { chargeCredits } from './ledger/routes/charge.ts'
import * as creditLease from './ledger/routes/credit-lease.ts'
import { grantCredits } from './ledger/routes/grant.ts'
import * as hold from './ledger/routes/hold.ts'
import * as ledger from './ledger/routes/ledger.ts'
import { rebalanceBudgets } from './ledger/routes/rebalance.ts'
import { refundCharge } from './ledger/routes/refund.ts'
import { transferCredits } from './ledger/routes/transfer.ts'
import { getUsage } from './ledger/routes/usage.ts'
import * as member from './member/routes.ts'
import * as project from './project/routes.ts'
import { getBottlenecks } from './system/routes/bottleneck.ts'
import { getMe } from './system/routes/me.ts'
import { listScopes } from './system/routes/scope.ts'
import * as system from './system/routes/system.ts'
import { getSystemInfo } from './system/routes/system-info.ts'

/** Every route there is, in the order of the docs. A route that is not here does not exist. */
export const routes = [
  system.live,
  system.ready,
  system.openApiDocument,
  system.docsPage,
  system.problemPage,
  getSystemInfo,
  getBottlenecks,
  getMe,
  listScopes,
  project.listProjects,
  project.createProject,
  project.getProject,
  project.putProject,
  project.updateProject,
  member.listMembers,
  member.addMember,
  member.getMember,
  member.putMember,
  member.updateMember,
  member.removeMember,
  apiKey.listApiKeys,
  apiKey.createApiKey,
  apiKey.updateApiKey,
  apiKey.rerollApiKey,
  apiKey.revokeApiKey,
  systemKey.listSystemApiKeys,
  systemKey.createSystemApiKey,
  systemKey.updateSystemApiKey,
  systemKey.rerollSystemApiKey,
  systemKey.revokeSystemApiKey,
  verifyApiKey,
  connectRealtime,
  streamEvents,
  listFlags,
  setFlag,
  listAllFlags,
  setFlagForAll,
  account.listAccounts,
  account.openAccount,
  account.getAccount,
  account.updateAccount,
  getBalance,
  getHistory,
  getUsage,
  grantCredits,
  hold.reserveHold,
  hold.getHold,
  hold.extendHold,
  hold.captureHold,
  hold.settleHold,
  hold.voidHold,
  chargeCredits,
  refundCharge,
  transferCredits,
  runBatch,
  creditLease.openCreditLease,
  creditLease.getCreditLease,
  creditLease.reportCreditLease,
  creditLease.closeCreditLease,
  budget.listBudgets,
  budget.setBudget,
  rebalanceBudgets,
  budget.listAlerts,
  auditAccount,
  auditLedger,
  listAuditLog,
  listWholeAuditLog,
  ledger.sealLedger,
  ledger.verifyLedger,
  ledger.getLedgerStats,
  errorGroup.listErrors,
  errorGroup.markError,
  errorGroup.listAllErrors,
  errorGroup.markAnyError,
] as const

export type Routes = typeof routes
