import { loadConfig } from '@core/config'
import { type CallOptions, CoreError } from '@core/foundation'
import { type Credits, type HoldWorkInput, microCredits } from '@core/ledger'
import {
  type ChatAnswer,
  type ChatDelta,
  type ChatRequest,
  configuredProviders,
  type Llm,
  openLlm,
} from '@core/providers/llm'
import { estimateTokens, type FollowedPriceBook } from '@core/providers/price'
import { createHandover } from '../handover.ts'
import type { Context } from './context.ts'
import type { CoreLedger } from './core-ledger.ts'
import { payFor } from './pay-for.ts'

export interface MeteredCall extends CallOptions {
  /** Who pays. Default: the project. */
  readonly account?: string | undefined
  /** Identifies the call: repeated with it, it is charged once. */
  readonly key?: string | undefined
  readonly metadata?: HoldWorkInput['metadata']
}

/** Models of the configured providers (`CORE_LLM_PROVIDER`). Each call is reserved, made, and settled to what it cost. */
export interface CoreLlm {
  /** @throws CoreError E_CONFLICT with `details.reason` `insufficient_credits` or `budget_exhausted`: nothing was sent. */
  chat(request: ChatRequest, options?: MeteredCall): Promise<ChatAnswer>
  /** The same as a stream; leaving the loop ends the request, and what came by then is charged. */
  stream(request: ChatRequest, options?: MeteredCall): AsyncIterable<ChatDelta>
  estimate(request: ChatRequest): Promise<ReturnType<Llm['estimate']>>
  probe: Llm['probe']
}

export interface LlmContext extends Context {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly fetch: typeof fetch | undefined
  readonly ledger: Pick<CoreLedger, 'withHold'>
  readonly prices: FollowedPriceBook
}

export async function openMeteredLlm({
  project,
  env,
  fetch,
  ledger,
  prices,
  clock,
  random,
  logger,
}: LlmContext): Promise<CoreLlm> {
  const { llm: config } = loadConfig({ env })
  const llm = await openLlm({ config, prices, clock, random, logger, ...(fetch && { fetch }) })
  const providers: readonly string[] = configuredProviders(config)

  /** A model may be named as the gateway names it, `provider/model`. */
  function toOwnName(request: ChatRequest): { readonly request: ChatRequest; readonly provider?: string } {
    const [provider = '', ...rest] = request.model?.split('/') ?? []
    if (rest.length === 0 || !providers.includes(provider)) return { request }
    return { request: { ...request, model: rest.join('/') }, provider }
  }

  function estimate(asked: ChatRequest): ReturnType<Llm['estimate']> {
    const { request, provider } = toOwnName(asked)
    return llm.estimate(request, { provider })
  }

  function holdOf(request: ChatRequest, { account = project, key, metadata }: MeteredCall): HoldWorkInput {
    return { account, key, metadata, max: toCredits(estimate(request).cost) }
  }

  function costSoFar(request: ChatRequest, text: string): Credits {
    const maxOutputTokens = Math.min(request.maxOutputTokens, Math.max(1, estimateTokens(text)))
    return toCredits(estimate({ ...request, maxOutputTokens }).cost)
  }

  return {
    chat(asked, options = {}) {
      const { request, provider } = toOwnName(asked)
      return payFor(
        ledger,
        holdOf(asked, options),
        async ({ signal, meter }) => {
          const answer = await llm.chat(request, { signal, provider, timeoutMs: options.timeoutMs })
          meter(toCredits(answer.cost))
          return answer
        },
        options,
      )
    },
    async *stream(asked, options = {}) {
      const { request, provider } = toOwnName(asked)
      const { timeoutMs } = options
      const deltas = createHandover<ChatDelta>()
      const left = new AbortController()
      const work = payFor(
        ledger,
        holdOf(asked, options),
        async (hold) => {
          const within = AbortSignal.any([hold.signal, left.signal])
          let text = ''
          try {
            for await (const delta of llm.stream(request, { signal: within, provider, timeoutMs })) {
              if (delta.type === 'answer') hold.meter(toCredits(delta.cost))
              else if (delta.type !== 'tool_call') text += delta.text
              await deltas.give(delta, within)
            }
          } catch (error) {
            // What has come is paid for: an estimate, since no usage came.
            if (text !== '' && hold.metered === 0) hold.meter(costSoFar(asked, text))
            throw error
          }
        },
        options,
      )
      const done = work.then(
        () => deltas.end(),
        (error: unknown) => deltas.end(error),
      )
      try {
        yield* deltas.take()
      } finally {
        left.abort(new CoreError('E_ABORTED', 'the reader left the stream'))
        await done
      }
    },
    estimate: async (request) => estimate(request),
    probe: (options) => llm.probe(options),
  }
}

function toCredits(cost: { readonly micro: number }): Credits {
  return microCredits(cost.micro)
}
