import type { RouteRequest, searchEmbeddings } from '@core/api'
import { CoreError, isObject } from '@core/foundation'
import { Option } from 'commander'
import { z } from 'zod'
import { exitCodes } from '../../exit-code.ts'
import { decimalNumber, wholeNumber } from '../../number-option.ts'
import type { Session } from '../../session.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { addIndexing } from './indexing.ts'
import { ingestFolder } from './ingest-folder.ts'

const excerptLength = 100
const modes = ['vector', 'text', 'hybrid'] as const
const measured = ['fast', 'balanced'] as const
const levels = [...measured, 'exact'] as const

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
    .option('--owner <project>', 'the project that shares the space; default: the own one')
    .option(
      '--model <provider/model>',
      'makes the space with this model, which the project pays for; default: the local one',
    )
    .option('--dimensions <number>', 'the length of its vectors; default: the model’s own')
    .option('--prune', 'delete documents of the source that are no longer in the folder')
    .action(async (folder: string, options: IngestOptions) => {
      const current = session()
      const { client, project } = await connect(current)
      const { space, tenant, source, owner, prune = false } = options
      const asked = toModel(options)
      if ('model' in asked || 'dimensions' in asked)
        await client.putEmbeddingSpace({ params: { project, space }, body: asked })
      const extensions = options.extensions.split(',').map((extension) => `.${extension.trim().replace(/^\./, '')}`)
      const result = await ingestFolder(
        { client, project, space, owner, tenant, source, prune, signal: current.io.signal, info: current.output.info },
        folder,
        extensions,
      )
      current.output.data(
        result,
        (sum) =>
          `${sum.documents} documents in ${space}: ${sum.added} pieces added, ${sum.updated} updated, ${sum.skipped} unchanged, ${sum.deleted} deleted, ${sum.queued} wait for a vector${sum.cost > 0 ? `; ${sum.cost} micro-credits` : ''}`,
      )
      if (result.stopped === null) return
      current.output.info(`core: stopped: ${result.stopped}`)
      exit(exitCodes.failure)
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
    .addOption(new Option('--recall <level>', 'how near to comparing all').choices(levels).default('balanced'))
    .option('--mmr <lambda>', 'prefer hits unlike those before: 0 (only that) to 1 (not at all)')
    .option('--min-score <score>', 'leave out hits with less: the cosine in mode vector')
    .option('--source <source>', 'only documents of this source')
    .option('--all-pieces', 'more than one piece of a document')
    .action(async (text: string, options: SearchOptions) => {
      const current = session()
      const { client, project } = await connect(current)
      const { space, tenant, owner, limit, mode, filter, recall, mmr, minScore, source, allPieces = false } = options
      const found = await client.searchEmbeddings({
        params: { project, space },
        query: owner === undefined ? {} : { owner },
        body: {
          text,
          tenant,
          k: wholeNumber('--limit', limit),
          mode,
          recall,
          onePerDocument: !allPieces,
          ...(mmr === undefined ? {} : { mmr: { lambda: decimalNumber('--mmr', mmr) } }),
          ...(minScore === undefined ? {} : { minScore: decimalNumber('--min-score', minScore) }),
          ...(source === undefined ? {} : { source }),
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
    .addOption(new Option('--recall <level>', 'the level to measure').choices(measured).default('balanced'))
    .option(...ofTenant)
    .action(async (space: string, { sample, recall: level, tenant }: RecallOptions) => {
      const current = session()
      const { client, project } = await connect(current)
      const body = { sample: wholeNumber('--sample', sample), recall: level, tenant }
      const answer = await client.measureEmbeddingRecall({ params: { project, space }, body })
      current.output.data(answer, ({ recall, plan, sample: items }) =>
        recall === null ? 'there are no items' : `recall ${recall.toFixed(4)} over ${items} items (${plan})`,
      )
    })

  embeddings
    .command('migrate')
    .description('embed a space again by another model, while it is used')
    .argument('<space>')
    .option('--model <provider/model>', 'the model, which the project pays for; default: the local one')
    .option('--dimensions <number>', 'the length of the vectors, 16 to 4000; default: 384, or the model’s own')
    .option('--cancel', 'end the migration without its effect')
    .action(async (space: string, { cancel, ...options }: ModelOptions & { cancel?: boolean }) => {
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
      const begun = await client.putEmbeddingMigration({ params, body: toModel(options) })
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

  addIndexing(embeddings, verbs)
}

interface ModelOptions {
  model?: string
  dimensions?: string
}

interface IngestOptions extends ModelOptions {
  space: string
  tenant: string
  owner?: string
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
  recall: (typeof levels)[number]
  mmr?: string
  minScore?: string
  source?: string
  allPieces?: boolean
}

interface RecallOptions {
  sample: string
  recall: (typeof measured)[number]
  tenant: string
}

async function connect(current: Session) {
  const { client, target } = await current.connect()
  return { client, project: target.project ?? 'current' }
}

function toModel({ model, dimensions }: ModelOptions) {
  return {
    ...(model === undefined ? {} : { model }),
    ...(dimensions === undefined ? {} : { dimensions: wholeNumber('--dimensions', dimensions) }),
  }
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

type SearchFilter = NonNullable<RouteRequest<typeof searchEmbeddings>['body']['filter']>
