import { migrateUp } from '@core/database/migrate'
import { CoreError } from '@core/foundation'
import { localConfig, openLocalDatabase } from '../local-database.ts'
import { formatFields } from '../table.ts'
import type { Verbs } from '../verbs.ts'

interface InitOptions {
  example?: boolean
  credits?: string
  daily?: string
}

export function addInit({ program, session }: Verbs): void {
  program
    .command('init')
    .description(
      'set up the database configured here: migrate, register a project, print the keys; run it again to resume',
    )
    .option('--example', 'also the two projects of the guides, with 1,000 credits in the pool')
    .option('--credits <amount>', 'granted to the pool that projects share, at the first run')
    .option('--daily <amount>', 'what the project may spend a day; left out: no budget')
    .action(async (options: InitOptions) => {
      const { exampleInstallation, exampleProjects, installProjects, makeFirstKeys } = await import(
        '@core/control-plane'
      )
      const current = session()
      const { io, output } = current
      const { project: name } = program.opts<{ project?: string }>()
      const own = name === undefined ? [] : [name]
      if (own.length === 0 && !options.example) {
        throw new CoreError('E_INVALID', 'core init needs --project <name>, or --example')
      }
      const config = localConfig(io)
      await using database = await openLocalDatabase(config, { make: true })
      await migrateUp({
        database,
        signal: io.signal,
        onProgress: ({ index, total, version, name: step }) =>
          output.info(`migrating ${index}/${total} ${version}_${step}`),
      })
      if (options.example) await installProjects(database, exampleInstallation)
      const amount = (text: string | undefined) => (text === undefined ? undefined : current.amount(text))
      await installProjects(database, {
        projects: own,
        credits: amount(options.credits),
        dailyCredits: amount(options.daily),
      })
      const keys = await makeFirstKeys(database, {
        projects: [...own, ...(options.example ? exampleProjects : [])],
        hasOwnerKey: config.ownerKey !== undefined,
      })
      output.data(
        { ownerKey: keys.ownerKey ?? null, projectKeys: keys.projectKeys },
        ({ ownerKey, projectKeys }) =>
          ownerKey === null && projectKeys.length === 0
            ? 'Set up already; the keys were shown then. core keys create makes another.'
            : `These keys are shown once. Keep them:\n${formatFields([
                ...(ownerKey === null ? [] : [['owner', ownerKey] as const]),
                ...projectKeys.map(({ project, key }) => [project, key] as const),
              ])}`,
        { shownOnce: true },
      )
      await output.flush()
      await keys.confirmShown()
    })
}
