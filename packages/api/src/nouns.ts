import * as auditScopes from './audit/scopes.ts'
import * as cacheScopes from './cache/scopes.ts'
import * as cacheTopics from './cache/topics.ts'
import * as claimProblems from './claim/problems.ts'
import * as claimScopes from './claim/scopes.ts'
import * as common from './contract/problems.ts'
import * as embeddingProblems from './embedding/problems.ts'
import * as embeddingScopes from './embedding/scopes.ts'
import * as errorScopes from './error/scopes.ts'
import * as eventScopes from './event/scopes.ts'
import * as fileProblems from './file/problems.ts'
import * as fileScopes from './file/scopes.ts'
import * as flagScopes from './flag/scopes.ts'
import * as flagTopics from './flag/topics.ts'
import * as healthTopics from './health/topics.ts'
import * as insightProblems from './insight/problems.ts'
import * as insightScopes from './insight/scopes.ts'
import * as insightTopics from './insight/topics.ts'
import * as keyScopes from './key/scopes.ts'
import * as keyTopics from './key/topics.ts'
import * as ledgerProblems from './ledger/problems.ts'
import * as ledgerScopes from './ledger/scopes.ts'
import * as ledgerTopics from './ledger/topics.ts'
import * as lockProblems from './lock/problems.ts'
import * as lockScopes from './lock/scopes.ts'
import * as manifestScopes from './manifest/scopes.ts'
import * as manifestTopics from './manifest/topics.ts'
import * as memberScopes from './member/scopes.ts'
import * as memberTopics from './member/topics.ts'
import * as messageProblems from './message/problems.ts'
import * as messageScopes from './message/scopes.ts'
import * as messageTopics from './message/topics.ts'
import * as priceScopes from './price/scopes.ts'
import * as projectScopes from './project/scopes.ts'
import * as routerScopes from './router/scopes.ts'
import * as secretScopes from './secret/scopes.ts'
import * as sessionProblems from './session/problems.ts'
import * as sessionScopes from './session/scopes.ts'
import * as shareScopes from './share/scopes.ts'
import * as shareTopics from './share/topics.ts'
import * as systemScopes from './system/scopes.ts'
import * as taskProblems from './task/problems.ts'
import * as taskScopes from './task/scopes.ts'
import * as taskTopics from './task/topics.ts'
import * as webhookScopes from './webhook/scopes.ts'
import * as webhookTopics from './webhook/topics.ts'

// What nouns contribute to the contract, a line for each noun. Routes are built from these, so routes.ts sums them: in
// one file the two would import each other.

/** Every scope there is. */
export const scopes = {
  ...systemScopes.scopes,
  ...projectScopes.scopes,
  ...memberScopes.scopes,
  ...keyScopes.scopes,
  ...eventScopes.scopes,
  ...flagScopes.scopes,
  ...ledgerScopes.scopes,
  ...shareScopes.scopes,
  ...cacheScopes.scopes,
  ...embeddingScopes.scopes,
  ...manifestScopes.scopes,
  ...sessionScopes.scopes,
  ...claimScopes.scopes,
  ...lockScopes.scopes,
  ...insightScopes.scopes,
  ...priceScopes.scopes,
  ...routerScopes.scopes,
  ...taskScopes.scopes,
  ...messageScopes.scopes,
  ...auditScopes.scopes,
  ...errorScopes.scopes,
  ...webhookScopes.scopes,
  ...secretScopes.scopes,
  ...fileScopes.scopes,
} as const

/** Every problem the API can answer with. Each has a page at `/problems/{code}`. */
export const problems = /* @__PURE__ */ (() =>
  ({
    ...common.problems,
    ...ledgerProblems.problems,
    ...sessionProblems.problems,
    ...taskProblems.problems,
    ...messageProblems.problems,
    ...claimProblems.problems,
    ...lockProblems.problems,
    ...insightProblems.problems,
    ...embeddingProblems.problems,
    ...fileProblems.problems,
  }) as const)()

/** Every topic there is. */
export const topics = /* @__PURE__ */ (() =>
  ({
    ...ledgerTopics.topics,
    ...flagTopics.topics,
    ...keyTopics.topics,
    ...memberTopics.topics,
    ...webhookTopics.topics,
    ...shareTopics.topics,
    ...cacheTopics.topics,
    ...manifestTopics.topics,
    ...healthTopics.topics,
    ...insightTopics.topics,
    ...taskTopics.topics,
    ...messageTopics.topics,
  }) as const)()
