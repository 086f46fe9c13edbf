import type { Config } from '@core/config'
import { isMade } from '@core/database'
import {
  finishRestore,
  type MigrateProgress,
  type MigrationStatus,
  migratePlan,
  migrateRepair,
  migrateReset,
  migrateStatus,
  migrateUp,
  setDataFolderAside,
  statusOfNone,
} from '@core/database/migrate'
import { exitCodes } from '../exit-code.ts'
import { localConfig, openLocalDatabase } from '../local-database.ts'
import { formatTable } from '../table.ts'
import type { Verbs } from '../verbs.ts'

export function addMigrate({ program, session, exit }: Verbs): void {
  const migrate = program.command('migrate').description("the database's schema; opens the database itself")

  migrate
    .command('up')
    .description('apply what is pending')
    .action(async () => {
      const { io, output } = session()
      await using database = await openLocalDatabase(localConfig(io), { make: true })
      const onProgress = ({ index, total, version, name }: MigrateProgress) =>
        output.info(`${index}/${total} ${version}_${name}`)
      const result = await migrateUp({ database, signal: io.signal, onProgress })
      output.data(result, ({ applied, total }) => `${applied.length} applied; the database has ${total}`)
    })

  migrate
    .command('status')
    .description('what is applied, pending, or was edited after it was applied; exits 1 unless all are applied')
    .action(async () => {
      const { io, output } = session()
      const config = localConfig(io)
      const status = isMade(config.database) ? await lookAt(config, io.signal) : await statusOfNone()
      if (!isMade(config.database))
        output.info('core: the database is not made yet; core start or core migrate up makes it')
      output.data(status, ({ migrations }) =>
        formatTable(migrations, [
          { title: 'VERSION', cell: ({ version }) => version },
          { title: 'NAME', cell: ({ name }) => name },
          { title: 'STATE', cell: ({ state }) => state },
        ]),
      )
      for (const name of status.newer) output.info(`core: ${name} is of a newer version of Core; upgrade this one`)
      if (status.newer.length > 0 || status.migrations.some(({ state }) => state !== 'applied')) exit(exitCodes.failure)
    })

  migrate
    .command('finish-restore')
    .description('continue the transaction numbers after the data was copied from another server; safe to repeat')
    .action(async () => {
      const { io, output } = session()
      await using database = await openLocalDatabase(localConfig(io))
      const result = await finishRestore({ database, signal: io.signal })
      output.data(result, ({ changed }) => (changed ? 'the restore is finished' : 'nothing to do'))
    })

  migrate
    .command('plan')
    .description('print the SQL that a DBA must execute first; nothing where this user may do everything')
    .action(async () => {
      const { io, output } = session()
      await using database = await openLocalDatabase(localConfig(io))
      const plan = await migratePlan(database, { signal: io.signal })
      output.data(plan, ({ owner, required, optional }) =>
        [
          ...(required.length > 0 ? [`-- Required before core migrate up, which runs as ${owner}.`, ...required] : []),
          ...(optional.length > 0 ? ['-- Optional: PostgREST and roles of projects.', ...optional] : []),
          ...(required.length + optional.length > 0 ? [] : [`-- Nothing: ${owner} may do everything.`]),
        ].join('\n'),
      )
      if (plan.required.length > 0) exit(exitCodes.failure)
    })

  migrate
    .command('repair')
    .description('restore missing roles and grants, for example after a restore into another cluster')
    .action(async () => {
      const { io, output } = session()
      await using database = await openLocalDatabase(localConfig(io))
      const result = await migrateRepair(database, { signal: io.signal })
      output.data(result, ({ executed, left }) =>
        [`${executed} statements executed`, ...(left.length > 0 ? ['-- Left for a DBA:', ...left] : [])].join('\n'),
      )
    })

  migrate
    .command('reset')
    .description(
      'start empty: on a server drop core and core_api with all credits and keys; embedded: move the data folder aside',
    )
    .option('--yes', 'do not ask')
    .action(async (options: { yes?: boolean }) => {
      const current = session()
      const { io, output } = current
      const config = localConfig(io)
      const where = JSON.stringify(config.database)
      await current.confirm(`All credits, keys and history in ${where} will be gone from it.`, options)
      // Also where its files cannot be opened, and so that they can be looked at.
      const aside = config.database.driver === 'embedded' ? await setDataFolderAside(config.dataDir) : undefined
      await using database = await openLocalDatabase(config, { make: true })
      const onProgress = ({ index, total, version, name }: MigrateProgress) =>
        output.info(`${index}/${total} ${version}_${name}`)
      const { total } = await migrateReset({ database, signal: io.signal, onProgress })
      output.data({ total, aside: aside ?? null }, () =>
        [
          `recreated; the database has ${total} migrations`,
          ...(aside === undefined ? [] : [`what was there is in ${aside}`]),
        ].join('\n'),
      )
    })
}

async function lookAt(config: Config, signal: AbortSignal): Promise<MigrationStatus> {
  await using database = await openLocalDatabase(config)
  return await migrateStatus({ database, signal })
}
