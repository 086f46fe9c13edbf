import {
  type CallOptions,
  type Clock,
  CoreError,
  type Logger,
  silentLogger,
  startDeadline,
  systemClock,
} from '@core/foundation'
import { estimateTokens } from '../price/estimate-tokens.ts'
import type { Prices } from '../price/find-price.ts'
import { countsOf, totalInput, type Usage } from '../price/usage.ts'
import { analyzeAudio, type ReadFile } from './analyze-audio.ts'
import { callTargets } from './call-targets.ts'
import type { Driver } from './driver.ts'
import { createLimiter, type Limiter, type ProviderLimits } from './limiter.ts'
import type { CallReport, ChatAnswer, Embeddings, Llm, LlmCallOptions, Probe, Transcript } from './llm.ts'
import type { ChatRequest } from './message.ts'
import { createMeter, estimateInput, estimateOutput, secondsOfAudio } from './meter.ts'
import { faultOf, providerError } from './provider-error.ts'
import { type StreamLimits, streamChat } from './stream-chat.ts'
import { orderTargets, requireTargets, type Target } from './target.ts'

export interface LlmDependencies {
  /** The first is the provider of choice, the others its fallbacks. */
  readonly targets: readonly Target[]
  readonly prices: Prices
  /** Asked at each call for the provider to begin with. */
  readonly flags?: { get(name: 'providers.llm', options?: { unit?: string | undefined }): string } | undefined
  /** By provider. */
  readonly limits?: Readonly<Record<string, ProviderLimits>> | undefined
  /** Reads the audio of a URL, and decides which URLs may be read. Without it URLs are refused. */
  readonly readFile?: ReadFile | undefined
  readonly streamLimits?: StreamLimits | undefined
  readonly clock?: Clock
  readonly random?: () => number
  readonly logger?: Logger
}

const totalTimeoutMs = 120_000
const mostTexts = 2_048
const mostOutputTokens = 1_000_000
const probeTimeoutMs = 10_000

/** `openLlm` without a configuration: over drivers that are made already. */
export function createLlm({
  targets,
  prices,
  flags,
  limits = {},
  readFile,
  streamLimits,
  clock = systemClock,
  random = Math.random,
  logger = silentLogger,
}: LlmDependencies): Llm {
  requireTargets(targets)
  const limiters = new Map<string, Limiter>(
    targets.map(({ driver: { name } }) => [name, createLimiter(name, limits[name] ?? {}, clock)]),
  )
  const log = logger.child({ component: 'llm' })

  /** The targets of a call; a model that the call names is the first target's. */
  function targetsFor({ unit, provider }: LlmCallOptions, named: Partial<Target> = {}): readonly Target[] {
    const [first, ...rest] = orderTargets(targets, provider ?? flags?.get('providers.llm', { unit }))
    return first === undefined ? [] : [{ ...first, ...named }, ...rest]
  }

  function enter({ driver }: Target, tokens: number, signal: AbortSignal): Promise<Disposable> {
    const limiter = limiters.get(driver.name)
    if (limiter === undefined) throw new CoreError('E_INTERNAL', `${driver.name} has no limiter`)
    return limiter.enter(tokens, signal)
  }

  const begin = () => ({ meter: createMeter(prices, new Date(clock.now())), clock, random, logger: log })

  /** One call that is answered as a whole: chat, embed and transcribe. */
  async function call<Answer extends object>(what: string, plan: PlainCall<Answer>): Promise<Answer & CallReport> {
    const run = begin()
    using deadline = startDeadline(what, plan.options, totalTimeoutMs)
    return await callTargets({ targets: plan.targets, deadline, ...run }, async ({ target, number, deadline: own }) => {
      const model = plan.modelOf(target)
      run.meter.requirePrice(target.driver.name, model)
      using _ = await enter(target, totalInput(countsOf(plan.input)), own.signal)
      const { answer, ...measured } = await plan.send(target.driver, model, own.signal)
      const limit = plan.maxOutputTokens
      return {
        ...answer,
        ...run.meter.report(target.driver, model, { ...measured, maxOutputTokens: limit }),
        attempts: number,
      }
    })
  }

  function chat(request: ChatRequest, options: LlmCallOptions, candidates: readonly Target[]): Promise<ChatAnswer> {
    requireChat(request)
    const input = estimateInput(request)
    return call('a chat', {
      targets: candidates,
      input,
      maxOutputTokens: request.maxOutputTokens,
      modelOf: ({ model }) => model,
      options,
      async send(driver, model, signal) {
        const { usage, ...answer } = await driver.chat({ ...request, model }, signal)
        return { answer, usage, estimate: { ...input, output: estimateOutput(answer) } }
      },
    })
  }

  const llm: Llm = {
    chat: (request, options = {}) => chat(request, options, targetsFor(options, named('model', request.model))),

    async *stream(request, options = {}) {
      requireChat(request)
      using deadline = startDeadline('a stream', options, totalTimeoutMs)
      const candidates = targetsFor(options, named('model', request.model))
      yield* streamChat({ request, targets: candidates, deadline, enter, limits: streamLimits, ...begin() })
    },

    analyzeAudio(request, options = {}) {
      return analyzeAudio(request, options, {
        chat,
        transcribe: llm.transcribe,
        targets: targetsFor(options),
        readFile,
      })
    },

    transcribe({ model, ...request }, options = {}) {
      const seconds = secondsOfAudio(request.audio, request.mediaType)
      return call<Pick<Transcript, 'text'>>('a transcription', {
        targets: targetsFor(options, named('transcriptionModel', model)),
        input: {},
        maxOutputTokens: seconds * tokensPerSecond,
        modelOf: ({ driver: { name }, transcriptionModel }) => transcriptionModel ?? unsupported(name, 'transcription'),
        options,
        async send(driver, of, signal) {
          const { text, usage } = await driver.transcribe({ ...request, model: of }, signal)
          return { answer: { text }, usage, estimate: { seconds } }
        },
      })
    },

    embed({ model, ...request }, options = {}) {
      const { texts } = request
      if (texts.length === 0 || texts.length > mostTexts) {
        throw new CoreError('E_INVALID', `texts has ${texts.length} entries`, { fix: `Send 1 to ${mostTexts} texts.` })
      }
      const input = { input: texts.reduce((sum, text) => sum + estimateTokens(text), 0) }
      return call<Pick<Embeddings, 'vectors'>>('an embedding', {
        targets: targetsFor(options, named('embeddingModel', model)),
        input,
        maxOutputTokens: 0,
        modelOf: ({ driver: { name }, embeddingModel }) => embeddingModel ?? unsupported(name, 'embeddings'),
        options,
        async send(driver, of, signal) {
          const { vectors, usage } = await driver.embed({ ...request, model: of }, signal)
          return { answer: { vectors }, usage, estimate: input }
        },
      })
    },

    estimate(request, options = {}) {
      requireChat(request)
      const [target] = targetsFor(options, named('model', request.model))
      if (target === undefined) throw new CoreError('E_INTERNAL', 'no provider is configured')
      const provider = target.driver.name
      const usage = { ...estimateInput(request), output: request.maxOutputTokens, requests: 1 }
      return { usage, cost: begin().meter.cost(provider, target.model, usage), provider, model: target.model }
    },

    probe: (options = {}) => Promise.all(targets.map((target) => probe(target, options))),
  }

  async function probe({ driver, model }: Target, options: CallOptions): Promise<Probe> {
    using deadline = startDeadline('a probe', options, probeTimeoutMs)
    const startedAt = clock.monotonic()
    const result = (reason?: string) => ({
      provider: driver.name,
      ok: reason === undefined,
      latencyMs: Math.round(clock.monotonic() - startedAt),
      ...(reason === undefined ? {} : { reason }),
    })
    try {
      await driver.chat({ messages: [{ role: 'user', content: 'ping' }], maxOutputTokens: 16, model }, deadline.signal)
      return result()
    } catch (error) {
      return result(error instanceof CoreError ? (faultOf(error) ?? error.code) : 'unavailable')
    }
  }

  return llm
}

interface PlainCall<Answer> {
  readonly targets: readonly Target[]
  readonly input: Usage
  readonly maxOutputTokens: number
  readonly modelOf: (target: Target) => string
  readonly options: LlmCallOptions
  /** `estimate` is charged where the reported usage cannot be right. */
  readonly send: (driver: Driver, model: string, signal: AbortSignal) => Promise<Sent<Answer>>
}

interface Sent<Answer> {
  readonly answer: Answer
  readonly usage: unknown
  readonly estimate: Usage
}

/** Fast speech: a transcript with more is not believed. */
const tokensPerSecond = 10

function named<Key extends 'model' | 'embeddingModel' | 'transcriptionModel'>(
  key: Key,
  value: string | undefined,
): Partial<Target> {
  return value === undefined ? {} : { [key]: value }
}

function unsupported(provider: string, what: string): never {
  throw providerError('unsupported', `${provider} has no model for ${what}`, { provider, sent: false })
}

function requireChat({ messages, maxOutputTokens }: ChatRequest): void {
  const isWhole = Number.isSafeInteger(maxOutputTokens) && maxOutputTokens >= 1 && maxOutputTokens <= mostOutputTokens
  if (isWhole && messages.length > 0) return
  throw new CoreError('E_INVALID', isWhole ? 'messages is empty' : `maxOutputTokens is ${maxOutputTokens}`, {
    fix: isWhole ? 'Send at least one message.' : `Send a whole number from 1 to ${mostOutputTokens}.`,
  })
}
