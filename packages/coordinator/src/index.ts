export type { ClaimOptions, HeldClaim } from './claim.ts'
export { type Coordinator, type CoordinatorOptions, createCoordinator } from './create-coordinator.ts'
export {
  defaultHealthPolicy,
  type HealthFactor,
  type HealthFigures,
  type HealthPolicy,
  type HealthScore,
  scoreHealth,
} from './health-score.ts'
export type { Held } from './hold-until-disposed.ts'
export type { InboxOptions } from './inbox.ts'
export { type InsightFigures, rankInsight } from './insight-rank.ts'
export type { InsightDecision, InsightDetails, InsightSummary, Insights, NewInsight } from './insights.ts'
export type { HeldLock, LockOptions } from './lock.ts'
export type { ManifestEntry, Place, ProjectFigures } from './manifest.ts'
export type { Delivered, MessagePriority, NackOptions, SendOptions, SentMessage } from './message.ts'
export type {
  MessageDetails,
  MessageSummary,
  Messages,
  Reply,
  RequestOptions,
} from './messages.ts'
export type { Polled, PollInput } from './poll.ts'
export type { JoinOptions, LiveSession, Member, SessionMetrics, SessionStatus } from './session.ts'
export type {
  ClaimedTask,
  ClaimInput,
  EnqueuedTask,
  NewTask,
  TaskOutcome,
  TaskReport,
  Tasks,
  TaskView,
} from './tasks.ts'
export { type WorkTasksDependencies, workTasks } from './work-tasks.ts'
export type { TaskContext, TaskHandler, TaskWorker, WorkedTasks, WorkerOptions } from './worker.ts'
