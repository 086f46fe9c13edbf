import {
  cancelEmbeddingMigration,
  deleteEmbeddingDocuments,
  dropEmbeddingSpace,
  getEmbeddingSpace,
  listEmbeddingDocuments,
  listEmbeddingSpaces,
  measureEmbeddingRecall,
  putEmbeddingDocuments,
  putEmbeddingMigration,
  putEmbeddingSpace,
  searchEmbeddings,
} from '@core/api'
import {
  embeddingDelete,
  embeddingDocuments,
  embeddingMigrateBegin,
  embeddingMigrateCancel,
  embeddingRecall,
  embeddingSpaceDrop,
  embeddingSpaceList,
  embeddingSpaceOpen,
  embeddingStats,
} from '@core/api/functions'
import type { Database, MemberClaims } from '@core/database'
import { createEmbeddings, localRevision } from '@core/embeddings'
import type { Logger } from '@core/foundation'
import { type BoundRoute, serve } from '../../http/bound-route.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'

export interface EmbeddingRoutesDependencies {
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  /** Makes the extension usable where this process may decide so. */
  readonly enable: () => Promise<void>
}

const toLocalModel = (dimensions: number) => ({
  provider: 'core',
  model: `local-${dimensions}`,
  dims: dimensions,
  revision: localRevision,
})

export function createEmbeddingRoutes({ database, logger, enable }: EmbeddingRoutesDependencies): BoundRoute[] {
  /** The local model costs less than a look at what was kept of it. */
  const open = (claims: MemberClaims, project: string, space: string) =>
    createEmbeddings({ database, claims, project, logger, cache: { database: false, memoryItems: 1 } }).space(space)

  return [
    serve(listEmbeddingSpaces, async ({ project, call }) => {
      const { spaces } = await call(embeddingSpaceList, { project })
      return { status: 200, body: toCamelCase({ data: spaces }) }
    }),

    forward(getEmbeddingSpace, embeddingStats, ({ project, params: { space }, query: { owner = project } }) => ({
      space,
      project: owner,
    })),

    serve(putEmbeddingSpace, async ({ project, params: { space }, body: { dimensions, language }, call }) => {
      await enable()
      return toAnswer(200, await call(embeddingSpaceOpen, { space, ...toLocalModel(dimensions), language, project }))
    }),

    forward(dropEmbeddingSpace, embeddingSpaceDrop, ({ project, params: { space } }) => ({ space, project })),

    serve(putEmbeddingDocuments, async ({ project, claims, params: { space }, query: { owner = project }, body }) => {
      await enable()
      const { documents, tenant, source, chunk } = body
      const options = { tenant, source, ...(chunk ? {} : { chunk: false as const }) }
      const { added, updated, skipped, deleted, queued } = await open(claims, owner, space).upsert(documents, options)
      return { status: 200, body: { added, updated, skipped, deleted, queued } }
    }),

    forwardPage(
      listEmbeddingDocuments,
      embeddingDocuments,
      'documents',
      ({ project, params: { space }, query: { owner = project, cursor: after, limit, tenant, source } }) => ({
        space,
        tenant,
        source,
        after,
        limit,
        project: owner,
      }),
    ),

    forward(
      deleteEmbeddingDocuments,
      embeddingDelete,
      ({ project, params: { space }, query: { owner = project }, body }) => ({ space, ...body, project: owner }),
    ),

    serve(searchEmbeddings, async ({ project, claims, params: { space }, query: { owner = project }, body }) => {
      const { text, ...options } = body
      const { hits, plan, complete } = await open(claims, owner, space).search(text, options)
      return { status: 200, body: { hits, plan, complete } }
    }),

    forward(measureEmbeddingRecall, embeddingRecall, ({ project, params: { space }, body }) => ({
      space,
      ...body,
      project,
    })),

    forward(putEmbeddingMigration, embeddingMigrateBegin, ({ project, params: { space }, body: { dimensions } }) => ({
      space,
      ...toLocalModel(dimensions),
      swaps: true,
      project,
    })),

    forward(cancelEmbeddingMigration, embeddingMigrateCancel, ({ project, params: { space } }) => ({ space, project })),
  ]
}
