export { holdTestServer } from './lease-test-server.ts'
export { openMemoryDatabase } from './memory-database.ts'
export { type PostgresServer, type PostgresServerOptions, startPostgresServer } from './postgres-server.ts'
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts'
