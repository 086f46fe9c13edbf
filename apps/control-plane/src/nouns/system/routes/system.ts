import {
  contentPaths,
  docsPage,
  gatewayRoutes,
  isProblemCode,
  live,
  openApiDocument,
  problemPage,
  ready,
  renderDocsPage,
  renderProblemPage,
  routes,
  toOpenApi,
} from '@core/api'
import { type BoundRoute, serve } from '../../../http/bound-route.ts'
import { type PreparedAnswer, prepareAnswer } from '../../../http/prepared-answer.ts'
import { notFound, ProblemError } from '../../../http/problem-error.ts'
import type { Kernel } from '../../../process/noun.ts'

export function systemRoutes({
  readiness,
  version,
  prove,
  config,
}: Pick<Kernel, 'readiness' | 'version' | 'prove' | 'config'>): BoundRoute[] {
  // Each made at the first request: either takes longer than the rest of the start.
  let document: PreparedAnswer | undefined
  let docs: PreparedAnswer | undefined
  return [
    serve(live, ({ query: { challenge } }) => {
      const proof = challenge === undefined ? undefined : prove(challenge)
      return { status: 200, body: { status: 'healthy', ...(proof === undefined ? {} : { proof }) } }
    }),
    serve(ready, async () => {
      const database = await readiness.check()
      if (database.status === 'up') return { status: 200, body: { status: 'healthy', checks: { database } } }
      throw new ProblemError('unavailable', database.reason)
    }),
    serve(openApiDocument, () => {
      const options = { version, serverUrl: config.http.publicUrl, gateway: gatewayRoutes, paths: contentPaths }
      document ??= prepareAnswer(openApiDocument, toOpenApi(routes, options))
      return { prepared: document }
    }),
    serve(docsPage, () => {
      docs ??= prepareAnswer(docsPage, renderDocsPage(routes, version))
      return { prepared: docs }
    }),
    serve(problemPage, ({ params: { code } }) => {
      if (!isProblemCode(code)) throw notFound()
      return { status: 200, body: renderProblemPage(code) }
    }),
  ]
}
