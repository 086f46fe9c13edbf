export { type CopyOptions, type CopyResult, copyDatabase, requireCopySource } from '../copy/copy-database.ts'
export { inspectRights, type Rights } from './inspect-rights.ts'
export { inspectServer, type ServerFacts } from './inspect-server.ts'
export { inspectZones, type ZoneOffsets } from './inspect-zones.ts'
export { type MigrationPlan, migratePlan } from './migrate-plan.ts'
export { migrateRepair, type RepairResult } from './migrate-repair.ts'
export { migrateReset } from './migrate-reset.ts'
export {
  type MigrateOptions,
  type MigrationState,
  type MigrationStatus,
  migrateStatus,
  statusOfNone,
} from './migrate-status.ts'
export { type MigrateProgress, type MigrateResult, type MigrateUpOptions, migrateUp } from './migrate-up.ts'
export { listMigrationVersions, migrationsFolder } from './migration-files.ts'
export {
  finishRestore,
  type RestoreOptions,
  type RestoreStatus,
  requireFinishedRestore,
  restoreStatus,
} from './restore-status.ts'
export { setDataFolderAside } from './set-data-folder-aside.ts'
