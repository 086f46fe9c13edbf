import { getModelCallContent, listModelCalls } from './routes/model-call.ts'
import { explainModelRoute, listModelRoutes, removeModelRoute, setModelRoute } from './routes/model-route.ts'
import { listProviders, removeProvider, setProvider } from './routes/provider.ts'

/** In the order of the docs. */
export const routes = [
  listProviders,
  setProvider,
  removeProvider,
  listModelRoutes,
  setModelRoute,
  removeModelRoute,
  explainModelRoute,
  listModelCalls,
  getModelCallContent,
] as const
