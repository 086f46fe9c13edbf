import { callable, keyList } from '@core/api/functions'
import type { Config } from '@core/config'
import { type Database, isMade, openDatabase } from '@core/database'
import {
  inspectRights,
  inspectServer,
  inspectZones,
  migrateStatus,
  restoreStatus,
  type ServerFacts,
} from '@core/database/migrate'
import { type CoreError, isCoreError } from '@core/foundation'
import { checkClock } from './check-clock.ts'
import { checkRoutes } from './check-routes.ts'
import { checkSecrets } from './check-secrets.ts'
import { changedZones, checkZones, timesToCompare } from './check-zones.ts'
import { type Finding, fault, ok, skipped, warning } from './finding.ts'

export const databaseChecks = [
  'database',
  'migrations',
  'rights',
  'names',
  'settings',
  'clock',
  'time zones',
  'extensions',
  'owner key',
  'secrets',
  'model routes',
] as const

/** Everything that needs the database itself. It is opened, looked at and closed; nothing is written. */
export async function checkDatabase(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const { driver } = config.database
  if (!isMade(config.database)) {
    return databaseChecks.map((check) => skipped(check, 'the first start makes it')) // and the doctor does not
  }
  try {
    await using database = await openDatabase(config.database)
    const health = await database.health({ signal })
    if (health.status === 'down') {
      return [fault('database', `${driver}: ${health.message}`, reachability[driver]), ...notLookedAt]
    }
    const version = health.serverVersion ? `Postgres ${health.serverVersion}` : 'reachable'
    return [
      ok('database', `${driver}, ${version}, ${health.latencyMs.toFixed(1)} ms`),
      ...(await look(database, config, signal)),
    ]
  } catch (error) {
    if (!isCoreError(error)) throw error
    return [fault('database', `${driver}: ${error.message}`, error.fix ?? reachability[driver]), ...notLookedAt]
  }
}

const reachability: Readonly<Record<Config['database']['driver'], string>> = {
  embedded: 'Look at the message; if its files are damaged, restore CORE_DATA_DIR from a backup.',
  postgres: 'Check that the server runs and that CORE_DATABASE_URL names its host, port, user and password.',
  supabase: 'Check SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY.',
}

const [, ...deeper] = databaseChecks
const notLookedAt = deeper.map((check) => skipped(check, 'the database could not be looked at'))

async function look(database: Database, config: Config, signal: AbortSignal): Promise<Finding[]> {
  if (database.driver === 'supabase') {
    const why = 'the API of Supabase does not show it; CORE_DATABASE_URL with the connection string does'
    return [
      ...(['migrations', 'rights', 'names', 'settings', 'clock', 'time zones', 'extensions'] as const).map((check) =>
        skipped(check, why),
      ),
      await ownerKey(database, config),
      await secrets(database, config),
      await modelRoutes(database, config, signal),
    ]
  }
  const migrations = await checkMigrations(database, signal)
  const server = await checkServer(database, signal)
  const rights =
    migrations.status === 'ok'
      ? await checkRights(database, signal)
      : (['rights', 'names'] as const).map((check) => skipped(check, 'the migrations come first'))
  const kept =
    migrations.status === 'ok'
      ? [await ownerKey(database, config), await secrets(database, config), await modelRoutes(database, config, signal)]
      : (['owner key', 'secrets', 'model routes'] as const).map((check) => skipped(check, 'the migrations come first'))
  return [migrations, ...rights, ...server, ...kept]
}

async function checkMigrations(database: Database, signal: AbortSignal): Promise<Finding> {
  const { migrations, newer } = await migrateStatus({ database, signal })
  const names = (state: string) =>
    migrations.filter((one) => one.state === state).map((one) => `${one.version}_${one.name}`)
  if (newer.length > 0) {
    return fault(
      'migrations',
      `the database is newer than this Core: ${newer.join(', ')}`,
      'Upgrade this Core to that version, or restore the backup from before the upgrade.',
    )
  }
  const [changed, pending] = [names('changed'), names('pending')]
  if (changed.length > 0) {
    return fault(
      'migrations',
      `applied in another version: ${changed.join(', ')}`,
      'Copy it into an empty database or a new folder with core database copy, or give its credits up with core migrate reset',
    )
  }
  if (pending.length > 0) {
    return warning(
      'migrations',
      `${pending.length} pending, the first is ${pending[0]}`,
      'core start applies them, or: core migrate up',
    )
  }
  const { finished, stored, next } = await restoreStatus({ database, signal })
  if (!finished) {
    return fault(
      'migrations',
      `copied from another server: transaction number ${stored} is stored, and this server is at ${next}`,
      'core migrate finish-restore',
    )
  }
  return ok('migrations', `all ${migrations.length} are applied`)
}

async function checkRights(database: Database, signal: AbortSignal): Promise<Finding[]> {
  const { missingRoles, missingGrants, clashes } = await inspectRights(database, { signal })
  const missing = [...missingRoles.map((role) => `role ${role}`), ...missingGrants.map((name) => `grants of ${name}`)]
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : ''
  return [
    missing.length === 0
      ? ok('rights', 'roles and grants are complete')
      : fault('rights', `missing: ${missing.slice(0, 3).join(', ')}${more}`, 'core migrate repair'),
    clashes.length === 0
      ? ok('names', 'projects and root accounts have different names')
      : fault(
          'names',
          `project and root account of one name: ${clashes.slice(0, 10).join(', ')}. Keys of the project reach nothing`,
          'Register the project under another name, move its members and keys there, and revoke the keys of this one.',
        ),
  ]
}

async function checkServer(database: Database, signal: AbortSignal): Promise<Finding[]> {
  const askedAt = Date.now()
  const { nowMs, extensions, ...settings } = await inspectServer(database, ['vector'], { signal })
  const answeredAt = Date.now()
  const times = timesToCompare(new Date(answeredAt))
  return [
    checkSettings(settings),
    checkClock(askedAt, nowMs, answeredAt),
    checkZones(await inspectZones(database, changedZones, times, { signal }), times),
    ok(
      'extensions',
      extensions['vector']
        ? `vector ${extensions['vector']} is offered; core embeddings enable uses it`
        : 'no vector: embeddings are searched by words alone',
    ),
  ]
}

function checkSettings({
  wrongSettings,
  lossySettings,
  growingSettings,
}: Pick<ServerFacts, 'wrongSettings' | 'lossySettings' | 'growingSettings'>): Finding {
  if (wrongSettings.length > 0) {
    const found = wrongSettings.map(({ name, value }) => `${name} = ${value}`).join(', ')
    return fault('settings', `Core cannot work with ${found}`, wrongSettings.map(({ sql }) => sql).join(' '))
  }
  const risks = [
    lossySettings.length > 0 && `a crash of the server may lose what was acknowledged: ${lossySettings.join(', ')}`,
    growingSettings.length > 0 && `the room of deleted rows is never used again: ${growingSettings.join(', ')}`,
  ].filter((risk) => risk !== false)
  if (risks.length === 0) return ok('settings', 'as Core needs them')
  return warning('settings', risks.join('; '), 'Set them to on in the server, or for this database.')
}

async function ownerKey(database: Database, config: Config): Promise<Finding> {
  if (config.ownerKey !== undefined) return ok('owner key', 'from the configuration')
  try {
    const { keys } = await callable(database, keyList)({})
    if (keys.some(({ status }) => status === 'active')) return ok('owner key', 'kept in the database')
    return warning('owner key', 'there is none', 'The first core start makes and prints one, or set CORE_OWNER_KEY.')
  } catch (error) {
    if (!isCoreError(error)) throw error
    return fault('owner key', describe(error), error.fix ?? 'Run core migrate status for details.')
  }
}

async function secrets(database: Database, config: Config): Promise<Finding> {
  try {
    return await checkSecrets(database, config)
  } catch (error) {
    if (!isCoreError(error)) throw error
    return fault('secrets', describe(error), error.fix ?? 'Run core migrate status for details.')
  }
}

async function modelRoutes(database: Database, config: Config, signal: AbortSignal): Promise<Finding> {
  try {
    return await checkRoutes(database, config, signal)
  } catch (error) {
    if (!isCoreError(error)) throw error
    return fault('model routes', describe(error), error.fix ?? 'Run core migrate status for details.')
  }
}

function describe({ code, message }: CoreError): string {
  return `${code}: ${message}`
}
