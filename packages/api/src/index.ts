export { listAuditLog, listWholeAuditLog } from './audit/routes.ts'
export { deleteCacheEntry, getCacheEntry, listCacheEntries, putCacheEntry } from './cache/routes/entry.ts'
export {
  clearCacheNamespace,
  getCacheStats,
  invalidateCacheTags,
  listCacheNamespaces,
  sweepCache,
} from './cache/routes/namespace.ts'
export { listClaims, releaseClaim, renewClaim, takeClaim } from './claim/routes.ts'
export { type Deprecation, toDeprecationHeaders } from './contract/deprecation.ts'
export { renderDocsPage } from './contract/docs-page/docs-page.ts'
export { renderProblemPage } from './contract/docs-page/problem-page.ts'
export { docsScript } from './contract/docs-page/script.ts'
export { docsStyle } from './contract/docs-page/style.ts'
export { type ParsedInput, parseInput, toFaults, toLocation } from './contract/fault.ts'
export type { GatewayRoute } from './contract/gateway-route.ts'
export { type OpenApiOptions, toOpenApi } from './contract/openapi.ts'
export {
  type Fault,
  isProblemCode,
  type Problem,
  type ProblemCode,
  problemOfError,
  problemSchema,
} from './contract/problem.ts'
export { isRole, type Role, roles } from './contract/role.ts'
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
} from './contract/route-contract.ts'
export { isScope, roleScopes, type Scope, scopeNames } from './contract/scope.ts'
export { type EventData, type EventType, isTopic, type Topic, topicNames } from './contract/topic.ts'
export { deleteEmbeddingDocuments, listEmbeddingDocuments, putEmbeddingDocuments } from './embedding/routes/document.ts'
export { cancelEmbeddingMigration, putEmbeddingMigration } from './embedding/routes/migration.ts'
export { measureEmbeddingRecall, searchEmbeddings } from './embedding/routes/search.ts'
export {
  dropEmbeddingSpace,
  getEmbeddingSpace,
  listEmbeddingSpaces,
  putEmbeddingSpace,
} from './embedding/routes/space.ts'
export { listAllErrors, listErrors, markAnyError, markError } from './error/routes.ts'
export { connectRealtime, streamEvents } from './event/routes.ts'
export { contentPaths } from './file/content-openapi.ts'
export { getFile, getFileUrl, listFiles, removeFile } from './file/routes/file.ts'
export { getFileQuota, moveFiles, setFileQuota } from './file/routes/space.ts'
export { abortUpload, beginUpload, commitUpload } from './file/routes/upload.ts'
export { clearFlag, clearFlagForAll, listAllFlags, listFlags, setFlag, setFlagForAll } from './flag/routes.ts'
export { getHealthPolicy, listHealth, listHealthSamples, putHealthPolicy } from './health/routes.ts'
export { decideInsight, getInsight, listInsights, removeInsight, shareInsight } from './insight/routes.ts'
export {
  type ApiKeyMode,
  type ApiKeySecret,
  generateApiKey,
  hashApiKey,
  isApiKey,
  type NewApiKey,
} from './key/api-key.ts'
export { createApiKey, getApiKey, listApiKeys, rerollApiKey, revokeApiKey, updateApiKey } from './key/routes/api-key.ts'
export { verifyApiKey } from './key/routes/api-key-verify.ts'
export {
  createSystemApiKey,
  getSystemApiKey,
  listSystemApiKeys,
  rerollSystemApiKey,
  revokeSystemApiKey,
  updateSystemApiKey,
} from './key/routes/system-key.ts'
export { addDays, dayOf, startOfDay } from './ledger/local-day.ts'
export {
  getAccount,
  listAccounts,
  openAccount,
  updateAccount,
} from './ledger/routes/account.ts'
export { auditAccount, auditLedger } from './ledger/routes/audit.ts'
export { getBalance, getHistory } from './ledger/routes/balance.ts'
export { type BatchOperation, runBatch } from './ledger/routes/batch.ts'
export { listAlerts, listBudgets, removeBudget, setBudget } from './ledger/routes/budget.ts'
export { chargeCredits } from './ledger/routes/charge.ts'
export { closeCreditLease, getCreditLease, openCreditLease, reportCreditLease } from './ledger/routes/credit-lease.ts'
export { grantCredits } from './ledger/routes/grant.ts'
export { captureHold, extendHold, getHold, reserveHold, settleHold, voidHold } from './ledger/routes/hold.ts'
export { getLedgerStats, sealLedger, verifyLedger } from './ledger/routes/ledger.ts'
export { listCharges, listCreditLeases, listHolds, listRefunds } from './ledger/routes/list.ts'
export { rebalanceBudgets } from './ledger/routes/rebalance.ts'
export { refundCharge, refundHold } from './ledger/routes/refund.ts'
export { transferCredits } from './ledger/routes/transfer.ts'
export { getUsage } from './ledger/routes/usage.ts'
export { ensureUser } from './ledger/routes/user.ts'
export { type UsageRows, usageCsv, usageCsvHeader, usageCsvLines } from './ledger/usage-csv.ts'
export { acquireLock, listLocks, releaseLock, renewLock } from './lock/routes.ts'
export { isLoginToken, loginTokenForm } from './login/login-token.ts'
export { listLogins } from './login/routes.ts'
export { listManifest, placeWork } from './manifest/routes.ts'
export { addMember, getMember, listMembers, putMember, removeMember, updateMember } from './member/routes.ts'
export {
  ackMessages,
  extendMessages,
  getInbox,
  nackMessage,
  receiveMessages,
  retryMessage,
} from './message/routes/receive.ts'
export { getMessage, getMessageReply, listMessages, sendMessage } from './message/routes/send.ts'
export { listSubscriptions, subscribeTopic, unsubscribeTopic } from './message/routes/topic.ts'
export { problems, scopes, topics } from './nouns.ts'
export { importPrices, listPrices, quotePrice, setCreditRate, setPrice } from './price/routes.ts'
export {
  archiveProject,
  createProject,
  getProject,
  listProjects,
  putProject,
  restoreProject,
  updateProject,
} from './project/routes.ts'
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
export { gatewayRoutes } from './router/gateway-routes.ts'
export { getModelCallContent, listModelCalls } from './router/routes/model-call.ts'
export { explainModelRoute, listModelRoutes, removeModelRoute, setModelRoute } from './router/routes/model-route.ts'
export { listProviders, removeProvider, setProvider } from './router/routes/provider.ts'
export { type Routes, routes } from './routes.ts'
export {
  listSecrets,
  listSharedSecrets,
  putSecret,
  putSharedSecret,
  removeSecret,
  removeSharedSecret,
  rewrapSecrets,
} from './secret/routes.ts'
export { beatSession, closeSession, listSessions, openSession } from './session/routes.ts'
export { listShares, putShare, removeShare } from './share/routes.ts'
export { getBottlenecks } from './system/routes/bottleneck.ts'
export { getMe } from './system/routes/me.ts'
export { listScopes, scopeCatalog } from './system/routes/scope.ts'
export { docsPage, live, openApiDocument, problemPage, ready } from './system/routes/system.ts'
export { getSystemInfo } from './system/routes/system-info.ts'
export { cancelTask, retryTask, setTaskGroup } from './task/routes/operate.ts'
export { enqueueTask, getTask, getTaskStats, listTasks } from './task/routes/queue.ts'
export { beatTask, claimTasks, completeTask, failTask, releaseTask } from './task/routes/work.ts'
export {
  getWebhook,
  listWebhooks,
  putWebhook,
  removeWebhook,
  replayWebhook,
  rotateWebhookSecret,
  testWebhook,
} from './webhook/routes.ts'
