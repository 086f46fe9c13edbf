import type { Config } from '@core/config'
import type { buildVectorIndex, Database, VectorIndexTarget } from '@core/database'
import type { CallOptions, Clock, Logger } from '@core/foundation'
import type { Registry } from '@platformatic/prom-client'
import type { Keyring } from '../auth/keyring.ts'
import type { BoundRoute, Denials } from '../http/bound-route.ts'
import type { LongPolls } from '../http/long-polls.ts'
import type { Observation } from '../observe/observation.ts'
import type { Realtime, TopicListeners } from '../realtime/realtime.ts'
import type { Loop } from './loop.ts'
import type { Readiness } from './readiness.ts'

/** What a noun may use of the process around it. */
export interface Kernel {
  readonly version: string
  readonly config: Pick<Config, 'background' | 'http' | 'webhook'>
  readonly logger: Logger
  readonly clock: Clock
  /** Behind the breaker and the limit on calls in flight. */
  readonly database: Pick<Database, 'rpc' | 'driver'>
  /** The same without the breaker: a slow reading of figures must not refuse the calls of requests. */
  readonly unguarded: Pick<Database, 'rpc'>
  /** Builds an index of vectors over a connection of its own; see `buildVectorIndex` of @core/database. */
  readonly buildVectorIndex: (target: VectorIndexTarget, options: CallOptions) => ReturnType<typeof buildVectorIndex>
  readonly keyring: Pick<Keyring, 'forget' | 'forgetUser'>
  readonly realtime: Pick<Realtime, 'connections' | 'subscriptions' | 'acceptSocket' | 'openStream'>
  readonly readiness: Pick<Readiness, 'check'>
  readonly observation: Observation
  readonly longPolls: Pick<LongPolls, 'poll'>
  /** Answers the challenge of who would send a key here; undefined where there is no secret to prove with. */
  readonly prove: (challenge: string) => string | undefined
}

/** Everything the control plane does for one noun. The compiler finds what is missing. */
export interface Noun {
  readonly routes: readonly BoundRoute[]
  /** Background work. Any number of processes may run it. */
  readonly loops?: readonly Loop[]
  /** Registers gauges; each reads its figure when it is scraped. */
  readonly metrics?: (registry: Registry) => void
  /** Sends the calls of requests in its own way: those of many as one. */
  readonly joinCalls?: (database: Pick<Database, 'call'>) => Pick<Database, 'call'>
  /** What the process does itself at an event of a topic. */
  readonly listeners?: TopicListeners
  /** The sentence for each denial of its functions. */
  readonly denials?: Denials
  /** What is enabled of it, as `GET /v1/system/info` lists it. */
  readonly features?: Readonly<Record<string, boolean>>
}

export type CreateNoun = (kernel: Kernel) => Noun

/** Problems that nouns describe, in one table. Of two sentences for one problem the first is kept. */
export function joinDenials(nouns: readonly Pick<Noun, 'denials'>[]): Denials {
  return Object.assign({}, ...nouns.map(({ denials = {} }) => denials).toReversed())
}
