export { type ApiKeyMode, type ApiKeySecret, createApiKey, hashApiKey, isApiKey, type NewApiKey } from './api-key.ts'
export { type Capability, capabilities, isCapability } from './capability.ts'
export { docsStyle, renderDocsPage, renderProblemPage } from './docs-page.ts'
export { toFaults } from './fault.ts'
export { type OpenApiOptions, toOpenApi } from './openapi.ts'
export {
  errorOfProblem,
  type Fault,
  isProblemCode,
  type Problem,
  type ProblemCode,
  problemOfError,
  problemSchema,
  problems,
} from './problem.ts'
export {
  defineRoute,
  type IdempotencyKeyUse,
  problemsOf,
  type RouteArguments,
  type RouteAuth,
  type RouteContract,
  type RouteExample,
  type RouteInput,
  type RouteRequest,
  type RouteResponse,
} from './route-contract.ts'
export { type Routes, routes } from './routes.ts'
