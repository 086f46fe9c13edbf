export { type Coordinator, type CoordinatorOptions, createCoordinator } from './create-coordinator.ts'
export type { ManifestEntry } from './manifest.ts'
export type { JoinOptions, LiveSession, Member, SessionMetrics, SessionStatus } from './session.ts'
