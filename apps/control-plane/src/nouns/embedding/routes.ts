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
import { requireScope } from '../../auth/keyring.ts'
import { type BoundRoute, type RouteContext, serve } from '../../http/bound-route.ts'
import { toCamelCase } from '../../http/camel-case.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import type { ModelCalls } from '../../process/noun.ts'
import { chooseModel } from './choose-model.ts'
import type { OpenEmbeddings } from './open-embeddings.ts'

export interface EmbeddingRoutesDependencies {
  readonly open: OpenEmbeddings
  readonly modelCalls: ModelCalls
  /** Makes the extension usable where this process may decide so. */
  readonly enable: () => Promise<void>
}

export function createEmbeddingRoutes({ open, modelCalls, enable }: EmbeddingRoutesDependencies): BoundRoute[] {
  /** As the caller, whose project pays for calls of models: of a shared space, too. */
  const openFor = async ({ principal, project, claims }: RouteContext) => {
    await enable()
    return open({ project, subject: principal.subject, claims, admit: () => requireScope(principal, 'model:call') })
  }

  return [
    serve(listEmbeddingSpaces, async ({ project, call }) => {
      const { spaces } = await call(embeddingSpaceList, { project })
      return { status: 200, body: toCamelCase({ data: spaces }) }
    }),

    forward(getEmbeddingSpace, embeddingStats, ({ project, params: { space }, query: { owner = project } }) => ({
      space,
      project: owner,
    })),

    serve(putEmbeddingSpace, async ({ params: { space }, body: { language, ...asked }, ...context }) => {
      const { project, call } = context
      await enable()
      const model = await chooseModel(asked, space, context, modelCalls)
      return toAnswer(200, await call(embeddingSpaceOpen, { space, ...model, language, project }))
    }),

    forward(dropEmbeddingSpace, embeddingSpaceDrop, ({ project, params: { space } }) => ({ space, project })),

    serve(putEmbeddingDocuments, async ({ params: { space }, query: { owner }, body, ...context }) => {
      const { documents, tenant, source, chunk } = body
      const options = { tenant, source, ...(chunk ? {} : { chunk: false as const }) }
      const { embeddings, cost } = await openFor(context)
      const written = await embeddings.space(space, { owner }).upsert(documents, options)
      const { added, updated, skipped, deleted, queued, empty, tokens, stopped } = written
      const counts = { added, updated, skipped, deleted, queued, empty }
      return { status: 200, body: { ...counts, tokens, cost: cost(), stopped: stopped?.message ?? null } }
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

    serve(searchEmbeddings, async ({ params: { space }, query: { owner }, body, ...context }) => {
      const { text, ...options } = body
      const { embeddings } = await openFor(context)
      const { hits, plan, complete } = await embeddings.space(space, { owner }).search(text, options)
      return { status: 200, body: { hits, plan, complete } }
    }),

    forward(measureEmbeddingRecall, embeddingRecall, ({ project, params: { space }, body }) => ({
      space,
      ...body,
      project,
    })),

    serve(putEmbeddingMigration, async ({ params: { space }, body, ...context }) => {
      const { project, call } = context
      await enable()
      const model = await chooseModel(body, space, context, modelCalls)
      return toAnswer(200, await call(embeddingMigrateBegin, { space, ...model, swaps: true, project }))
    }),

    forward(cancelEmbeddingMigration, embeddingMigrateCancel, ({ project, params: { space } }) => ({ space, project })),
  ]
}
