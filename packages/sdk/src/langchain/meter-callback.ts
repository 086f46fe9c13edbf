import { CoreError, isObject, raceSignal } from '@core/foundation'
import type { Credits } from '@core/ledger'
import { readUsage } from '@core/providers/llm'
import { tierOf } from '@core/providers/price'
import { type CallPrice, findCallPrice } from '../call-price.ts'
import type { Core } from '../core.ts'
import { estimatePrompt } from '../estimate-prompt.ts'
import { payFor } from '../nouns/pay-for.ts'

export interface MeterCallbackOptions {
  /** Who pays. */
  readonly account: string
  /** As models are priced. Default: what the model says of itself (`ls_provider`, `ls_model_name`). */
  readonly provider?: string | undefined
  readonly model?: string | undefined
  /** What is reserved for an answer whose limit is not known. Default 4,096. */
  readonly maxOutputTokens?: number | undefined
  /** A call that has not ended by then is charged as an estimate. Default 600,000. */
  readonly timeoutMs?: number | undefined
}

/** A callback handler of LangChain, by its form. */
export interface MeterCallback {
  readonly name: string
  /** Both are true: a denial would not stop the call otherwise. */
  readonly awaitHandlers: boolean
  readonly raiseError: boolean
  handleChatModelStart(...start: Start<unknown[][]>): Promise<void>
  handleLLMStart(...start: Start<string[]>): Promise<void>
  handleLLMEnd(output: object, runId: string): Promise<void>
  handleLLMError(error: unknown, runId: string): Promise<void>
}

type Start<Input> = [
  llm: object,
  input: Input,
  runId: string,
  parentRunId?: string,
  extra?: Record<string, unknown>,
  tags?: string[],
  metadata?: Record<string, unknown>,
]

interface Run {
  readonly ended: PromiseWithResolvers<Credits>
  readonly settled: Promise<void>
  readonly price: CallPrice
  readonly input: number
}

/**
 * Meters the models of a chain: `model.invoke(messages, { callbacks: [meterCallback(core, { account })] })`. The start of a
 * call reserves what it may cost, its end settles what it did cost, an error gives the credits back.
 * @throws CoreError in the start of a call, which ends it: E_NOT_FOUND without a price, E_CONFLICT for a denial.
 */
export function meterCallback(core: Pick<Core, 'ledger' | 'prices'>, options: MeterCallbackOptions): MeterCallback {
  const { account, maxOutputTokens = 4_096, timeoutMs = 600_000 } = options
  const runs = new Map<string, Run>()

  async function start(...[, input, runId, , extra, , metadata = {}]: Start<unknown>): Promise<void> {
    const invocation = isObject(extra?.['invocation_params']) ? extra['invocation_params'] : {}
    const provider = options.provider ?? textOf(metadata['ls_provider']) ?? 'unknown'
    const model = options.model ?? textOf(metadata['ls_model_name']) ?? textOf(invocation['model']) ?? 'unknown'
    const price = await findCallPrice(core.prices, provider, model, tierOf(invocation['service_tier']))
    const tokens = estimatePrompt(toTexts(input)) + estimatePrompt(invocation['tools'])
    const limit = invocation['max_tokens'] ?? invocation['max_completion_tokens'] ?? metadata['ls_max_tokens']
    const output = typeof limit === 'number' ? limit : maxOutputTokens
    const most = price({ input: tokens, output, requests: 1 })
    const ended = Promise.withResolvers<Credits>()
    const begun = Promise.withResolvers<void>()
    const settled = payFor(
      core.ledger,
      { account, max: most, over: 'overflow', key: `langchain:${runId}`, metadata: { provider, model } },
      async (payment) => {
        begun.resolve()
        const limitSignal = AbortSignal.any([payment.signal, AbortSignal.timeout(timeoutMs)])
        const cost = await raceSignal(ended.promise, limitSignal).catch((error: unknown) => {
          if (limitSignal.aborted) return most
          throw error
        })
        payment.meter(cost)
      },
    )
    runs.set(runId, { ended, settled, price, input: tokens })
    settled
      .catch(begun.reject)
      .finally(() => runs.delete(runId))
      .catch(() => undefined)
    await begun.promise
  }

  return {
    name: 'core_meter',
    awaitHandlers: true,
    raiseError: true,
    handleChatModelStart: start,
    handleLLMStart: start,
    async handleLLMEnd(output, runId) {
      const run = runs.get(runId)
      if (run === undefined) return
      const { price, input, ended, settled } = run
      const { usage, text } = readOutput(output)
      ended.resolve(price({ ...(usage ?? { input, output: estimatePrompt(text) }), requests: 1 }))
      await settled
    },
    async handleLLMError(error, runId) {
      const run = runs.get(runId)
      if (run === undefined) return
      run.ended.reject(new CoreError('E_ABORTED', 'the model failed', { cause: error }))
      await run.settled.catch(() => undefined) // the model's own error is what the caller sees
    },
  }
}

/** The usage of all answers, where each reports one, and the text of them. */
function readOutput(output: object) {
  const { generations }: Record<string, unknown> = { ...output }
  const answers = Array.isArray(generations) ? generations.flat().filter(isObject) : []
  const texts = answers.map(({ text }) => text)
  const usages = answers.map(({ message }) =>
    isObject(message) ? readLangChainUsage(message['usage_metadata']) : undefined,
  )
  const [usage] = usages
  return { usage: usages.length === 1 ? usage : undefined, text: texts }
}

/** What was read from and written to a cache is part of `input_tokens` there, as in the usage of OpenAI. */
function readLangChainUsage(usage: unknown) {
  if (!isObject(usage)) return undefined
  const inputs = isObject(usage['input_token_details']) ? usage['input_token_details'] : {}
  const outputs = isObject(usage['output_token_details']) ? usage['output_token_details'] : {}
  return readUsage('ai-sdk', {
    inputTokens: {
      total: usage['input_tokens'],
      cacheRead: inputs['cache_read'],
      cacheWrite: inputs['cache_creation'],
    },
    outputTokens: { total: usage['output_tokens'], reasoning: outputs['reasoning'] },
  })
}

/** The contents of messages, without what surrounds them. */
function toTexts(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(toTexts)
  return isObject(input) && 'content' in input ? input['content'] : input
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
