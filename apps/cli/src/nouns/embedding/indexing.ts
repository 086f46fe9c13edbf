import { callable, embeddingEnable, embeddingIndexDue, embeddingIndexSet } from '@core/api/functions'
import { buildVectorIndex } from '@core/database'
import { CoreError } from '@core/foundation'
import type { Command } from 'commander'
import { exitCodes } from '../../exit-code.ts'
import { localConfig, openLocalDatabase } from '../../local-database.ts'
import type { Verbs } from '../../verbs.ts'

/** What needs the database itself: its owner's extension, and an index that no function can build. */
export function addIndexing(embeddings: Command, { session, exit }: Verbs): void {
  embeddings
    .command('reindex')
    .description('build the index of approximate search of a space again; opens the database itself')
    .argument('<space>')
    .action(async (space: string) => {
      const current = session()
      const { io, output } = current
      const project = requireProject((await current.target()).project)
      await using database = await openLocalDatabase(localConfig(io))
      const { generations } = await callable(database, embeddingIndexDue)({ project, space }, { signal: io.signal })
      let built = 0
      for (const { generation, dims, metric } of generations) {
        const type = await buildVectorIndex(database, { generation, dims, metric }, { signal: io.signal })
        if (type === undefined) continue
        await callable(database, embeddingIndexSet)({ generation, state: 'ready', type }, { signal: io.signal })
        built += 1
      }
      output.data({ space, built }, () => `${built} indexes of ${space} are built`)
    })

  embeddings
    .command('enable')
    .description('install the extension vector where the server offers it; opens the database itself')
    .action(async () => {
      const { io, output } = session()
      await using database = await openLocalDatabase(localConfig(io))
      const answer = await callable(database, embeddingEnable)({}, { signal: io.signal })
      output.data(answer, ({ enabled, version, reason }) =>
        enabled ? `vector ${version} is enabled` : `core: ${reason}`,
      )
      if (!answer.enabled) exit(exitCodes.failure)
    })
}

function requireProject(project: string | undefined): string {
  if (project !== undefined) return project
  throw new CoreError('E_INVALID', 'no project is named', { fix: 'Name it with --project.' })
}
