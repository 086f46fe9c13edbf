export { type ApiKeyMode, type ApiKeySecret, generateApiKey, hashApiKey, isApiKey, type NewApiKey } from './api-key.ts'
export { type Capability, capabilities, capabilitySummaries, isCapability } from './capability.ts'
export { type Deprecation, toDeprecationHeaders } from './deprecation.ts'
export { docsStyle, renderDocsPage, renderProblemPage } from './docs-page.ts'
export { toFaults } from './fault.ts'
export { type OpenApiOptions, toOpenApi } from './openapi.ts'
export {
  errorOfProblem,
  type Fault,
  isProblemCode,
  type Problem,
  type ProblemCode,
  problemOfError,
  problemSchema,
  problems,
} from './problem.ts'
export { readServerSentEvents, type ServerSentMessage } from './realtime/event-source.ts'
export {
  type ClientFrame,
  type CloseCode,
  clientFrameSchema,
  closeCodes,
  type EventFrame,
  eventFrameSchema,
  type ResyncReason,
  resyncReasons,
  type ServerFrame,
  serverFrameSchema,
} from './realtime/frame.ts'
export { type RealtimeLimits, realtimeLimits } from './realtime/limits.ts'
export { type EventData, type EventType, isTopic, type Topic, topicNames, topics } from './realtime/topic.ts'
export { isRole, type Role, roleScopes, roles } from './role.ts'
export {
  type ConditionalUse,
  defineRoute,
  hasFields,
  type IdempotencyKeyUse,
  noInput,
  problemsOf,
  type RouteArguments,
  type RouteAuth,
  type RouteContract,
  type RouteExample,
  type RouteInput,
  type RouteRequest,
  type RouteResponse,
} from './route-contract.ts'
export {
  getAccount,
  listAccounts,
  openAccount,
  updateAccount,
} from './routes/account.ts'
export { createApiKey, listApiKeys, rerollApiKey, revokeApiKey, updateApiKey } from './routes/api-key.ts'
export { verifyApiKey } from './routes/api-key-verify.ts'
export { auditAccount, auditLedger } from './routes/audit.ts'
export { listAuditLog, listWholeAuditLog } from './routes/audit-log.ts'
export { getBalance, getHistory } from './routes/balance.ts'
export { type BatchOperation, runBatch } from './routes/batch.ts'
export { getBottlenecks } from './routes/bottleneck.ts'
export { listAlerts, listBudgets, setBudget } from './routes/budget.ts'
export { chargeCredits } from './routes/charge.ts'
export { closeCreditLease, getCreditLease, openCreditLease, reportCreditLease } from './routes/credit-lease.ts'
export { listAllErrors, listErrors, markAnyError, markError } from './routes/error-group.ts'
export { listAllFlags, listFlags, setFlag, setFlagForAll } from './routes/flag.ts'
export { grantCredits } from './routes/grant.ts'
export { captureHold, extendHold, getHold, reserveHold, settleHold, voidHold } from './routes/hold.ts'
export { getLedgerStats, sealLedger, verifyLedger } from './routes/ledger.ts'
export { getMe } from './routes/me.ts'
export { addMember, getMember, listMembers, putMember, removeMember, updateMember } from './routes/member.ts'
export { createProject, getProject, listProjects, putProject, updateProject } from './routes/project.ts'
export { connectRealtime, streamEvents } from './routes/realtime.ts'
export { rebalanceBudgets } from './routes/rebalance.ts'
export { refundCharge } from './routes/refund.ts'
export { listScopes, scopeCatalog } from './routes/scope.ts'
export { docsPage, live, openApiDocument, problemPage, ready } from './routes/system.ts'
export { getSystemInfo } from './routes/system-info.ts'
export {
  createSystemApiKey,
  listSystemApiKeys,
  rerollSystemApiKey,
  revokeSystemApiKey,
  updateSystemApiKey,
} from './routes/system-key.ts'
export { transferCredits } from './routes/transfer.ts'
export { getUsage } from './routes/usage.ts'
export { type Routes, routes } from './routes.ts'
export { suggest } from './suggestion.ts'
