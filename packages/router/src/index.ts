export type { AnswerCache, CachedAnswer, CacheName } from './answer-cache.ts'
export { type AttemptLimits, defaultLimits } from './attempt.ts'
export type {
  CallContent,
  Caller,
  CallFlag,
  CallRecord,
  EnsureTag,
  EnsureTagInput,
  ModelRequest,
  RouterDependencies,
  RouterLimits,
  Unsettled,
} from './call.ts'
export { type Feature, features } from './call-needs.ts'
export { type Candidate, type Choice, type Chosen, chooseTargets, type Skipped } from './choose-targets.ts'
export type { DirectAnswer, DirectCall, DirectCalls } from './direct-calls.ts'
export { createDriverTransport } from './driver-transport.ts'
export { findRouteFaults, type NamedPrices, type RouteFault } from './find-route-faults.ts'
export { GatewayError, type GatewayFault, toErrorBody, toErrorEvent, toErrorHeaders } from './gateway-error.ts'
export { type AddressCheck, createHttpClient, type HttpClient } from './http-client.ts'
export type { AnswerName, KeptAnswer, KeptAnswers } from './kept-answers.ts'
export type { KeptResponse, KeptResponses, ResponseContent, ResponseName } from './kept-responses.ts'
export type { ProviderKey } from './keyed-transport.ts'
export type { CallPrice } from './price-call.ts'
export { type AskForResponse, createProviderResponses, type StoredRequest } from './provider-responses.ts'
export { createProviderTransports, type ProviderTransportsOptions } from './provider-transports.ts'
export { readJsonCall } from './read-body.ts'
export type { ModelCall, Operation } from './read-request.ts'
export { requireRoute } from './resolve-call.ts'
export { createRouter, type Explained, type Router } from './router.ts'
export {
  choices,
  type Dialect,
  findRoute,
  listModels,
  type Period,
  type Provider,
  periods,
  type Route,
  type RoutePolicy,
  type RouteTarget,
  type Routing,
  type Target,
  type TargetLimits,
  toTargetKey,
} from './routing.ts'
export type { Sink } from './sink.ts'
export { createStoredResponses, type StoredResponses } from './stored-responses.ts'
export { type Cooled, coolingReasons, createTargetHealth, type TargetHealth } from './target-health.ts'
export { toHeaderText } from './to-header-text.ts'
export {
  type FindTransport,
  pathsOf,
  type Transport,
  TransportError,
  type UpstreamRequest,
  type UpstreamResponse,
} from './transport.ts'
