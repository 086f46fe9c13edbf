import type { IncomingMessage } from 'node:http'
import type { Config } from '@core/config'
import type { buildVectorIndex, Database, VectorIndexTarget } from '@core/database'
import { type CallOptions, type Clock, CoreError, type Logger } from '@core/foundation'
import type { Registry } from '@platformatic/prom-client'
import type { FastifyInstance } from 'fastify'
import type { Keyring } from '../auth/keyring.ts'
import type { ProjectDirectory } from '../auth/project-directory.ts'
import type { BodyTurns } from '../http/body-turns.ts'
import type { BoundRoute, Denials } from '../http/bound-route.ts'
import type { LongPolls } from '../http/long-polls.ts'
import type { Admission } from '../limits/admission.ts'
import type { ErrorSink } from '../observe/error-tracker.ts'
import type { Observation } from '../observe/observation.ts'
import type { Realtime, TopicListeners } from '../realtime/realtime.ts'
import type { Vault } from '../vault/vault.ts'
import type { Loop } from './loop.ts'
import type { Readiness } from './readiness.ts'

/** Texts that a model of the router is to embed, for a project that pays for it. */
export interface EmbedTexts {
  readonly project: string
  /** On whose behalf, as journals name it. */
  readonly subject: string
  /** `provider/model`. */
  readonly model: string
  /** Left out: the model's own length. */
  readonly dimensions?: number | undefined
  readonly texts: readonly string[]
  readonly signal?: AbortSignal | undefined
}

export interface EmbeddedTexts {
  readonly vectors: number[][]
  readonly tokens: number
  /** In micro-credits. */
  readonly cost: number
  /** Whether a provider that all projects use has answered: one that no project can set or change. */
  readonly isCommon: boolean
}

/** Calls of models within this process: each is one hold and one settle of its project. */
export interface ModelCalls {
  /** @throws CoreError E_CONFLICT where the ledger, the price book or the routes refuse it; E_PROVIDER where it failed. */
  embed(call: EmbedTexts): Promise<EmbeddedTexts>
  /** Whether this `provider/model` leads a project to a provider that all projects use. */
  isCommon(project: string, model: string): Promise<boolean>
}

/** What a noun may use of the process around it. */
export interface Kernel {
  readonly version: string
  readonly config: Pick<
    Config,
    'auth' | 'background' | 'dataDir' | 'http' | 'llm' | 'price' | 'router' | 'storage' | 'webhook'
  >
  readonly logger: Logger
  readonly clock: Clock
  /** Behind the breaker and the limit on calls in flight. */
  readonly database: Pick<Database, 'rpc' | 'driver'>
  /** The same without the breaker: a slow reading of figures must not refuse the calls of requests. */
  readonly unguarded: Pick<Database, 'rpc'>
  /** Builds an index of vectors over connections of its own; see `buildVectorIndex` of @core/database. */
  readonly buildVectorIndex: (target: VectorIndexTarget, options: CallOptions) => ReturnType<typeof buildVectorIndex>
  readonly keyring: Pick<Keyring, 'forget' | 'forgetUser' | 'forgetLogin' | 'resolve'>
  readonly realtime: Pick<Realtime, 'connections' | 'subscriptions' | 'acceptSocket' | 'openStream'>
  readonly readiness: Pick<Readiness, 'check'>
  readonly observation: Observation
  /** Those of the noun that has them. */
  readonly modelCalls: ModelCalls
  /** Seals what nouns keep and opens it where it is used. */
  readonly vault: Vault
  readonly longPolls: Pick<LongPolls, 'poll'>
  /** Where clients reach this server, once it listens. */
  readonly publicUrl: () => string
  /** Answers the challenge of who would send a key here; undefined where there is no secret to prove with. */
  readonly prove: (challenge: string) => string | undefined
}

/** What admits requests, for addresses that a noun installs itself. */
export interface Door {
  readonly keyring: Keyring
  readonly admission: Admission
  readonly projects: ProjectDirectory
  readonly logger: Logger
  readonly errors: ErrorSink
  /** Hands a body on, a large one in its turn. */
  readonly bodyTurns: BodyTurns
  /** Until it is disposed, the request may take longer to arrive than others may. */
  readonly allowSlowBody: (request: IncomingMessage) => Disposable
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
  /** Addresses that are not REST: what foreign clients expect, with errors in their own form. */
  readonly install?: (app: FastifyInstance, door: Door) => void
  /** Calls models for other nouns. */
  readonly modelCalls?: ModelCalls
  /** Ends what it opened, after the server has answered its last request. */
  readonly close?: () => Promise<void>
  /** What is enabled of it, as `GET /v1/system/info` lists it. */
  readonly features?: Readonly<Record<string, boolean>>
}

export type CreateNoun = (kernel: Kernel) => Noun

/** What the nouns of a process offer each other, found when it is called. */
export function modelCallsOf(nouns: () => readonly Pick<Noun, 'modelCalls'>[]): ModelCalls {
  const find = () => {
    const calls = nouns().find(({ modelCalls }) => modelCalls !== undefined)?.modelCalls
    if (calls === undefined) throw new CoreError('E_INTERNAL', 'no noun of this process calls models')
    return calls
  }
  return {
    embed: async (call) => await find().embed(call),
    isCommon: async (project, model) => await find().isCommon(project, model),
  }
}

/** Problems that nouns describe, in one table. Of two sentences for one problem the first is kept. */
export function joinDenials(nouns: readonly Pick<Noun, 'denials'>[]): Denials {
  return Object.assign({}, ...nouns.map(({ denials = {} }) => denials).toReversed())
}
