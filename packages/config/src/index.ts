export type { AuthSettings } from './auth-settings.ts'
export type { ConfigFault, ConfigSource } from './config-fault.ts'
export type { DatabaseDriver } from './database-driver.ts'
export type { DatabaseSettings, EmbeddedSettings, PostgresSettings, SupabaseSettings } from './database-settings.ts'
export { withDotEnv } from './dot-env.ts'
export type { Environment } from './environment.ts'
export { createFlags, type Flags, type FlagsDependencies, type FlagsStatus } from './flags/create-flags.ts'
export { declareFlags, type FlagDeclaration, type FlagDeclarations, type FlagValue } from './flags/declare-flags.ts'
export type { FlagDatabase } from './flags/flag-database.ts'
export type { FlagFault } from './flags/overrides.ts'
export { isInRollout, rolloutBucket } from './flags/rollout.ts'
export type { JwtSettings } from './jwt-settings.ts'
export { isKeyAddress } from './jwt-value.ts'
export {
  isListenerProof,
  listenerSecretFile,
  makeListenerSecret,
  proveListener,
  readListenerSecret,
} from './listener-secret.ts'
export type { LlmSettings } from './llm-settings.ts'
export { type Config, type ConfigOverrides, type LoadConfigOptions, loadConfig } from './load-config.ts'
export { reachableUrl } from './reachable-url.ts'
export { createSecret, type Secret } from './secret.ts'
export { ensureSecretsKey, readSecretsKey, secretsKeyFile } from './secrets-key-file.ts'
export { type Setting, settings } from './setting.ts'
export type { StorageSettings } from './storage-settings.ts'
