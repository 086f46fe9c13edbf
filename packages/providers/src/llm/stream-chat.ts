import { CoreError, type Deadline, raceSignal, startDeadline, withDetails } from '@core/foundation'
import { countsOf, totalInput } from '../price/usage.ts'
import { type Attempt, callTargets, type TargetCalls } from './call-targets.ts'
import type { ModelDelta } from './driver.ts'
import type { ChatDelta } from './llm.ts'
import type { ChatRequest, ToolCall } from './message.ts'
import { estimateInput, estimateOutput, type Meter } from './meter.ts'
import { faultOf, providerError } from './provider-error.ts'
import type { Target } from './target.ts'

export interface StreamLimits {
  /** Until the first output. Default 60,000. */
  readonly firstMs?: number
  /** Between two deltas. Default 60,000. */
  readonly idleMs?: number
}

interface StreamCall extends TargetCalls {
  readonly request: ChatRequest
  readonly meter: Meter
  readonly enter: (target: Target, tokens: number, signal: AbortSignal) => Promise<Disposable>
  readonly limits: StreamLimits | undefined
}

/** A stream of which the first delta has come: from then on there is no other attempt. */
interface Begun {
  readonly target: Target
  readonly number: number
  readonly first: ModelDelta
  readonly deltas: AsyncIterator<ModelDelta>
  readonly resources: AsyncDisposableStack
}

/** Deltas as they come, the answer last. Another target is tried only before the first output. */
export async function* streamChat(call: StreamCall): AsyncGenerator<ChatDelta, void, undefined> {
  const { request, meter, limits: { idleMs = 60_000 } = {} } = call
  const input = estimateInput(request)
  const { target, number, first, deltas, resources } = await callTargets(call, (attempt) => begin(call, attempt))
  await using _ = resources
  const { driver, model } = target
  let content = ''
  let reasoning = ''
  const toolCalls: ToolCall[] = []
  const estimate = () => ({ ...input, output: estimateOutput({ content: content + reasoning, toolCalls }) })
  let delta = first
  for (;;) {
    if (delta.type === 'end') {
      const measured = { usage: delta.usage, estimate: estimate(), maxOutputTokens: request.maxOutputTokens }
      const report = meter.report(driver, model, measured)
      yield { type: 'answer', content, toolCalls, finish: delta.finish, ...report, attempts: number }
      return
    }
    if (delta.type === 'text') content += delta.text
    if (delta.type === 'reasoning') reasoning += delta.text
    if (delta.type === 'tool_call') toolCalls.push(delta.call)
    yield delta
    try {
      delta = await next(deltas, {
        what: `the next delta of ${driver.name}`,
        provider: driver.name,
        limitMs: idleMs,
        deadline: call.deadline,
      })
    } catch (error) {
      throw withUsage(error, driver.name, estimate())
    }
  }
}

async function begin(call: StreamCall, { target, number, deadline }: Attempt): Promise<Begun> {
  const { request, meter, enter, limits: { firstMs = 60_000 } = {} } = call
  const { driver, model } = target
  meter.requirePrice(driver.name, model)
  // Not the attempt's signal: that ends when the attempt has begun. Leaving the loop ends the request.
  const ended = new AbortController()
  const resources = new AsyncDisposableStack()
  try {
    resources.use(await enter(target, totalInput(countsOf(estimateInput(request))), deadline.signal))
    const signal = AbortSignal.any([call.deadline.signal, ended.signal])
    const deltas = driver.stream({ ...request, model }, signal)[Symbol.asyncIterator]()
    resources.defer(() => {
      ended.abort(new CoreError('E_ABORTED', 'the reader of the stream has left'))
    })
    const first = await next(deltas, {
      what: `the first delta of ${driver.name}`,
      provider: driver.name,
      limitMs: firstMs,
      deadline,
    })
    return { target, number, first, deltas, resources }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}

interface Wait {
  readonly what: string
  readonly provider: string
  readonly limitMs: number
  readonly deadline: Deadline
}

async function next(
  deltas: AsyncIterator<ModelDelta>,
  { what, provider, limitMs, deadline }: Wait,
): Promise<ModelDelta> {
  using own = startDeadline(what, { signal: deadline.signal, timeoutMs: limitMs }, limitMs)
  try {
    const { done, value } = await raceSignal(deltas.next(), own.signal)
    if (done === true)
      throw providerError('unavailable', `${provider} ended the stream early`, { provider, sent: true })
    return value
  } catch (error) {
    if (!own.signal.aborted || deadline.signal.aborted) throw error
    throw providerError('timeout', `${what} took longer than ${limitMs} ms`, { provider, sent: true })
  }
}

/** What came before a failure is billed all the same: the error says what that was. */
function withUsage(error: unknown, provider: string, usage: object): unknown {
  if (!(error instanceof CoreError)) return error
  return withDetails(error, faultOf(error) === undefined ? { provider, usage } : { usage })
}
