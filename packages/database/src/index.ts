export { buildVectorIndex, type VectorIndexTarget } from './build-vector-index.ts'
export type {
  Claims,
  Database,
  DatabaseConfig,
  DatabaseHealth,
  DatabaseLoad,
  EmbeddedConfig,
  HttpConfig,
  MemberClaims,
  OwnerClaims,
  PostgresConfig,
  RpcArgs,
  RpcName,
  RpcOptions,
  RpcResult,
  SupabaseConfig,
} from './database.ts'
export { type DatabaseFault, toDatabaseError } from './database-error.ts'
export { type DriverCapabilities, driverCapabilities } from './driver-capabilities.ts'
export { isMade } from './drivers/is-made.ts'
export type { CoreSignature } from './function-signature.ts'
export { coreSignatures } from './generated/signatures.ts'
export type { Json, JsonInput } from './json.ts'
export { type DatabaseDependencies, openDatabase } from './open-database.ts'
