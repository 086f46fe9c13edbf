import { resolve } from 'node:path'
import process from 'node:process'
import type { z } from 'zod/mini'
import { type AuthSettings, findAuthFaults, toAuthSettings } from './auth-settings.ts'
import { type ConfigFault, configError, showValue } from './config-fault.ts'
import { readConfigFile, readTree } from './config-file.ts'
import { chooseDriver } from './database-driver.ts'
import { type DatabaseSettings, toDatabaseSettings } from './database-settings.ts'
import { deepFreeze } from './deep-freeze.ts'
import { type Environment, readEnvironment, readHostEnvironment, warnOfUnknownVariables } from './environment.ts'
import { findJwtFaults, type JwtSettings, toJwtSettings } from './jwt-settings.ts'
import { type ChosenValues, chooseValues, type Layer, toTree } from './layer.ts'
import { type LlmSettings, toLlmSettings } from './llm-settings.ts'
import { configSchema } from './schema.ts'
import { createSecret, type Secret } from './secret.ts'
import { settings } from './setting.ts'
import { type StorageSettings, toStorageSettings } from './storage-settings.ts'
import { type TracingSettings, toTracingSettings } from './tracing-settings.ts'

type Parsed = z.output<typeof configSchema>

/** The configuration of one process: complete, valid and frozen to its leaves. */
export interface Config {
  readonly http: Readonly<Parsed['http']>
  /** Absolute path. */
  readonly dataDir: string
  readonly database: DatabaseSettings
  readonly limits: { readonly [Class in keyof Parsed['limits']]: Readonly<Parsed['limits'][Class]> }
  readonly overload: Readonly<Parsed['overload']>
  readonly background: Readonly<Parsed['background']>
  readonly rest: Readonly<Parsed['rest']>
  readonly metrics: Readonly<Parsed['metrics']>
  readonly tracing: TracingSettings
  readonly ownerKey: Secret | undefined
  /** Undefined where no tokens are accepted. */
  readonly jwt: JwtSettings | undefined
  readonly auth: AuthSettings
  readonly llm: LlmSettings
  readonly log: Readonly<Parsed['log']>
  readonly price: Readonly<Parsed['price']>
  /** The first seals, all of them open. */
  readonly secretsKey: readonly Secret[]
  readonly shutdown: Readonly<Parsed['shutdown']>
  readonly router: Readonly<Parsed['router']>
  readonly storage: StorageSettings
  readonly webhook: Readonly<Parsed['webhook']>
  /** What was decided because a setting is missing, as sentences to show. */
  readonly notes: readonly string[]
  /** What is suspicious but not wrong, as sentences to log. */
  readonly warnings: readonly string[]
}

/** Settings that beat every other source, in the shape of the file; `undefined` leaves a setting alone. */
export type ConfigOverrides = z.input<typeof configSchema>

export interface LoadConfigOptions {
  /** Default: the environment of this process. */
  env?: Environment
  /** A file that must exist, relative to `cwd`. Default: `core.config.json`, if there is one. */
  file?: string | undefined
  overrides?: ConfigOverrides
  /** Default: the working directory of this process. */
  cwd?: string
  /** CORE_* variables that other parts of the program read; they are not warned of. */
  knownVariables?: readonly string[]
}

/**
 * Defaults < DATABASE_URL and PORT of the host < core.config.json < environment < overrides.
 * @throws CoreError E_CONFIG_INVALID with every fault of every source at once; `details.faults` is `ConfigFault[]`.
 */
export function loadConfig(options: LoadConfigOptions = {}): Config {
  const { env = process.env, overrides = {}, cwd = process.cwd(), knownVariables = [] } = options
  const file = resolve(cwd, options.file ?? 'core.config.json')
  const fileLayer = readConfigFile(file, { required: options.file !== undefined })
  const overridesLayer = readTree(overrides, 'overrides')

  const own = [fileLayer, readEnvironment(env), overridesLayer]
  const host = readHostEnvironment(env, own)
  const layers = [host.layer, ...own]
  const chosen = chooseValues(layers)
  const parsed = configSchema.safeParse(toTree(chosen))
  const { driver, faults: driverFaults } = chooseDriver(chosen)
  const faults = [
    ...layers.flatMap((layer) => layer.faults),
    ...[...faultyPaths(parsed.error)].map((path) => toFault(path, chosen)),
    ...driverFaults,
    ...findJwtFaults(chosen),
    ...findAuthFaults(chosen),
  ]
  if (!parsed.success || faults.length > 0) throw configError(faults, file)

  const { ownerKey, database, jwt, auth, tracing, llm, secretsKey, storage, ...rest } = parsed.data
  const dataDir = resolve(cwd, rest.dataDir)
  return deepFreeze({
    ...rest,
    dataDir,
    database: toDatabaseSettings(driver, database, dataDir),
    ownerKey: ownerKey === undefined ? undefined : createSecret(ownerKey),
    jwt: toJwtSettings(jwt),
    auth: toAuthSettings(auth),
    tracing: toTracingSettings(tracing),
    llm: toLlmSettings(llm),
    storage: toStorageSettings(storage, database.supabase.serviceRoleKey),
    secretsKey: secretsKey.map(createSecret),
    notes: host.notes,
    warnings: [...warnOfUnknownVariables(env, knownVariables), ...warnOfSecrets(fileLayer, file)],
  })
}

/** One value may break several rules of the schema, a list in several entries; it is one fault all the same. */
function faultyPaths(error: z.core.$ZodError | undefined): Set<string> {
  return new Set(error?.issues.map((issue) => issue.path.filter((key) => typeof key === 'string').join('.')))
}

function toFault(path: string, chosen: ChosenValues): ConfigFault {
  const setting = settings.find((candidate) => candidate.path === path)
  const { value, source } = chosen.get(path) ?? { value: undefined, source: 'environment' }
  return {
    variable: setting?.variable,
    path,
    source,
    found: showValue(value, setting),
    expected: setting?.expected ?? 'another value',
  }
}

function warnOfSecrets({ values }: Layer, file: string): string[] {
  return settings
    .filter(({ secret, path }) => secret && values.has(path))
    .map(({ path, variable }) => `${file} holds the secret ${path}; ${variable} keeps it out of a repository`)
}
