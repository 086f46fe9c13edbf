export {
  type ChaosDatabase,
  type ChaosFault,
  createChaosDatabase,
  type PickFault,
  randomFaults,
} from './chaos-database.ts'
export { cpuOfServer } from './cpu-of-server.ts'
export { openEmbeddedDatabase } from './embedded-database.ts'
export { createEmbeddedFolder, prepareEmbeddedFolder } from './embedded-folder.ts'
export { holdTestServer } from './lease-test-server.ts'
export { makeOnce } from './make-once.ts'
export { openMemoryDatabase } from './memory-database.ts'
export { findPgvectorServer, type PgvectorServer } from './pgvector-server.ts'
export { findPostgresBinaries } from './postgres-binaries.ts'
export { type PostgresServer, type PostgresServerOptions, startPostgresServer } from './postgres-server.ts'
export { runSql } from './run-sql.ts'
export { shortLived } from './short-lived.ts'
export { findPgBouncer, type Pooler, startPooler } from './start-pooler.ts'
export { type SupabaseServer, startSupabaseServer } from './supabase-server.ts'
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts'
export { untilFinal } from './until-final.ts'
