import { getBottlenecks } from './routes/bottleneck.ts'
import { getMe } from './routes/me.ts'
import { listScopes } from './routes/scope.ts'
import { docsPage, live, openApiDocument, problemPage, ready } from './routes/system.ts'
import { getSystemInfo } from './routes/system-info.ts'

/** In the order of the docs. */
export const routes = [
  live,
  ready,
  openApiDocument,
  docsPage,
  problemPage,
  getSystemInfo,
  getBottlenecks,
  getMe,
  listScopes,
] as const
