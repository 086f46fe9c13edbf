import * as account from './routes/account.ts'
import * as apiKey from './routes/api-key.ts'
import { verifyApiKey } from './routes/api-key-verify.ts'
import { auditAccount, auditLedger } from './routes/audit.ts'
import { listAuditLog, listWholeAuditLog } from './routes/audit-log.ts'
import { getBalance, getHistory } from './routes/balance.ts'
import { runBatch } from './routes/batch.ts'
import { getBottlenecks } from './routes/bottleneck.ts'
import * as budget from './routes/budget.ts'
import { chargeCredits } from './routes/charge.ts'
import * as creditLease from './routes/credit-lease.ts'
import * as errorGroup from './routes/error-group.ts'
import { listAllFlags, listFlags, setFlag, setFlagForAll } from './routes/flag.ts'
import { grantCredits } from './routes/grant.ts'
import * as hold from './routes/hold.ts'
import * as ledger from './routes/ledger.ts'
import { getMe } from './routes/me.ts'
import * as member from './routes/member.ts'
import * as project from './routes/project.ts'
import { connectRealtime, streamEvents } from './routes/realtime.ts'
import { rebalanceBudgets } from './routes/rebalance.ts'
import { refundCharge } from './routes/refund.ts'
import { listScopes } from './routes/scope.ts'
import * as system from './routes/system.ts'
import { getSystemInfo } from './routes/system-info.ts'
import * as systemKey from './routes/system-key.ts'
import { transferCredits } from './routes/transfer.ts'
import { getUsage } from './routes/usage.ts'

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
