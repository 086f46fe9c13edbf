import type { RouteRequest, searchEmbeddings } from '@core/api'
import { callable, embeddingEnable, embeddingIndexDue, embeddingIndexSet } from '@core/api/functions'
import { buildVectorIndex } from '@core/database'
import { CoreError, isObject } from '@core/foundation'
import { Option } from 'commander'
import { z } from 'zod'
import { exitCodes } from '../../exit-code.ts'
import { localConfig, openLocalDatabase } from '../../local-database.ts'
import type { Session } from '../../session.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { ingestFolder } from './ingest-folder.ts'

const excerptLength = 100
const modes = ['vector', 'text', 'hybrid'] as const

export function addEmbeddings(verbs: Verbs): void {
  const embeddings = verbs.program
    .command('embeddings')
    .description('texts of a project, found by meaning and by words')
  const inSpace = ['--space <space>', 'the space', 'docs'] as const
  const ofTenant = ['--tenant <tenant>', 'whose items these are within the space', ''] as const
  const { session, exit } = verbs

  embeddings
    .command('ingest')
    .description('write the text files of a folder; unchanged pieces are neither embedded nor written')
    .argument('<folder>')
    .option(...inSpace)
    .option(...ofTenant)
    .option('--source <source>', 'where the documents come from', 'default')
    .option('--extensions <list>', 'which files, by the ends of their names', 'md,mdx,txt,rst,adoc')
    .option('--prune', 'delete documents of the source that are no longer in the folder')
    .action(async (folder: string, options: IngestOptions) => {
      const current = session()
      const { client, project } = await connect(current)
      const { space, tenant, source, prune = false } = options
      const extensions = options.extensions.split(',').map((extension) => `.${extension.trim().replace(/^\./, '')}`)
      const result = await ingestFolder(
        { client, project, space, tenant, source, prune, signal: current.io.signal, info: current.output.info },
        folder,
        extensions,
      )
      current.output.data(
        result,
        (sum) =>
          `${sum.documents} documents in ${space}: ${sum.added} pieces added, ${sum.updated} updated, ${sum.skipped} unchanged, ${sum.deleted} deleted, ${sum.queued} wait for a vector`,
      )
    })

  embeddings
    .command('search')
    .description('the best pieces for a question, one of each document')
    .argument('<question>')
    .option(...inSpace)
    .option(...ofTenant)
    .option('--owner <project>', 'the project that shares the space; default: the own one')
    .option('--limit <rows>', 'hits at most, 1 to 1000', '5')
    .addOption(new Option('--mode <mode>', 'by vectors, by words, or both').choices(modes).default('hybrid'))
    .option('--filter <json>', 'a condition on metadata: {"op": "eq", "key": "lang", "value": "en"}')
    .option('--all-pieces', 'more than one piece of a document')
    .action(async (text: string, options: SearchOptions) => {
      const current = session()
      const { client, project } = await connect(current)
      const { space, tenant, owner, limit, mode, filter, allPieces = false } = options
      const found = await client.searchEmbeddings({
        params: { project, space },
        query: owner === undefined ? {} : { owner },
        body: {
          text,
          tenant,
          k: Number(limit),
          mode,
          onePerDocument: !allPieces,
          ...(filter === undefined ? {} : { filter: parseFilter(filter) }),
        },
      })
      current.output.data(found, ({ hits }) =>
        formatTable(hits, [
          { title: 'DOCUMENT', cell: ({ document }) => document },
          { title: 'HEADING', cell: ({ title }) => title },
          { title: 'TEXT', cell: ({ content }) => toExcerpt(content) },
        ]),
      )
      if (!found.complete) current.output.info('core: a bound was hit; there may be more')
    })

  embeddings
    .command('stats')
    .description('the spaces of a project, or one with what waits for a vector')
    .argument('[space]')
    .action(async (space: string | undefined) => {
      const current = session()
      const { client, project } = await connect(current)
      const answer =
        space === undefined
          ? await client.listEmbeddingSpaces({ params: { project } })
          : { data: [await client.getEmbeddingSpace({ params: { project, space } })] }
      current.output.data(answer, ({ data }) =>
        formatTable(data, [
          { title: 'SPACE', cell: (row) => row.space },
          { title: 'ITEMS', align: 'right', cell: ({ items }) => String(items) },
          { title: 'BYTES', align: 'right', cell: ({ bytes }) => String(bytes) },
          { title: 'MODEL', cell: ({ model }) => `${model.provider}/${model.model}` },
          { title: 'VECTORS', cell: ({ model }) => (model.hasVectors ? 'yes' : 'no: text search only') },
          { title: 'INDEX', cell: ({ model }) => model.indexState },
          { title: 'MIGRATES TO', cell: ({ next }) => (next === null ? '' : `${next.provider}/${next.model}`) },
          { title: 'QUEUED', align: 'right', cell: (row) => ('queued' in row ? String(row.queued) : '') },
        ]),
      )
    })

  embeddings
    .command('recall')
    .description('the part of the nearest items that searches find, over a sample')
    .argument('<space>')
    .option('--sample <items>', 'items to search by, 1 to 1000', '50')
    .option(...ofTenant)
    .action(async (space: string, { sample, tenant }: { sample: string; tenant: string }) => {
      const current = session()
      const { client, project } = await connect(current)
      const body = { sample: Number(sample), tenant }
      const measured = await client.measureEmbeddingRecall({ params: { project, space }, body })
      current.output.data(measured, ({ recall, plan, sample: items }) =>
        recall === null ? 'there are no items' : `recall ${recall.toFixed(4)} over ${items} items (${plan})`,
      )
    })

  embeddings
    .command('migrate')
    .description('embed a space again by the local model of another length, while it is used')
    .argument('<space>')
    .option('--dimensions <number>', 'the length of the vectors, 16 to 4000')
    .option('--cancel', 'end the migration without its effect')
    .action(async (space: string, { dimensions, cancel }: { dimensions?: string; cancel?: boolean }) => {
      const current = session()
      const { client, project } = await connect(current)
      const params = { project, space }
      if (cancel) {
        const done = await client.cancelEmbeddingMigration({ params })
        current.output.data(done, ({ cancelled }) =>
          cancelled ? 'the migration is cancelled' : 'there is no migration',
        )
        return
      }
      const begun = await client.putEmbeddingMigration({ params, body: { dimensions: Number(dimensions ?? 384) } })
      current.output.data(begun, ({ next }) =>
        next === null
          ? `${space} has this model`
          : `${space} migrates to ${next.model}; see core embeddings stats ${space}`,
      )
    })

  embeddings
    .command('drop')
    .description('delete a space with everything in it')
    .argument('<space>')
    .option('--yes', 'do not ask')
    .action(async (space: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, project } = await connect(current)
      await current.confirm(`The texts and vectors of ${space} are deleted.`, options)
      const gone = await client.dropEmbeddingSpace({ params: { project, space } })
      current.output.data(gone, ({ dropped }) => (dropped ? `${space} is deleted` : `there is no space ${space}`))
    })

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

interface IngestOptions {
  space: string
  tenant: string
  source: string
  extensions: string
  prune?: boolean
}

interface SearchOptions {
  space: string
  tenant: string
  owner?: string
  limit: string
  mode: (typeof modes)[number]
  filter?: string
  allPieces?: boolean
}

async function connect(current: Session) {
  const { client, target } = await current.connect()
  return { client, project: target.project ?? 'current' }
}

function toExcerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > excerptLength ? `${line.slice(0, excerptLength)}…` : line
}

function parseFilter(text: string) {
  try {
    return z.custom<SearchFilter>(isObject).parse(JSON.parse(text))
  } catch (cause) {
    throw new CoreError('E_INVALID', '--filter is not a JSON object', {
      cause,
      fix: 'For example {"op": "eq", "key": "lang", "value": "en"}.',
    })
  }
}

function requireProject(project: string | undefined): string {
  if (project !== undefined) return project
  throw new CoreError('E_INVALID', 'no project is named', { fix: 'Name it with --project.' })
}

type SearchFilter = NonNullable<RouteRequest<typeof searchEmbeddings>['body']['filter']>
