import { isPlausible, readUsage } from '@core/providers/llm'
import { type Cost, costOf, findPrice, type Prices, type Usage } from '@core/providers/price'
import type { Seen } from './read-answer.ts'
import type { ModelCall } from './read-request.ts'
import type { Dialect, Target } from './routing.ts'

export interface Priced {
  readonly usage: Usage
  readonly cost: number
  /** The provider reported no usage, or none that can be right. */
  readonly isEstimated: boolean
}

/** The prices of one call at one target, as they are when the call begins. */
export interface CallPrice {
  /** What the call may cost: all that it may answer. */
  readonly most: number
  /** What its input alone costs, about. */
  readonly floor: number
  /** Of further output. */
  ofOutput(tokens: number): number
  /** What an answer costs, whole or broken off. */
  of(seen: Seen): Priced
}

const audioTokensPerSecond = 10
/** No context is larger than this beyond what the estimate sees: files by address, images in detail. */
const unseenInputTokens = 2_000_000

/** Undefined where the model has no price: what is unknown is never free. */
export function priceCall(
  prices: Prices,
  { provider, model }: Target,
  call: ModelCall,
  dialect: Dialect,
  at: Date,
): CallPrice | undefined {
  const found = findPrice(prices, { provider: provider.name, kind: provider.kind, model, at })
  if (found === undefined) return undefined
  // In this process a tier makes no difference.
  const tier = provider.kind === 'local' ? undefined : call.tier
  const ratesOf = found.rates.map(({ unit }) => unit)
  const cost = (usage: Usage): Cost => costOf({ usage: { ...usage, requests: 1 }, at, tier, ...found })
  const input: Usage =
    call.operation !== 'transcription'
      ? { input: call.inputTokens }
      : ratesOf.includes('seconds')
        ? { seconds: call.seconds }
        : { audioIn: call.seconds * audioTokensPerSecond }
  // Embeddings have no output, and a price for seconds covers it.
  const output = (tokens: number): Usage =>
    call.operation === 'embeddings' || 'seconds' in input ? {} : { output: tokens }
  const outputTokens = call.maxOutputTokens * call.count
  /** With the searches that were made; 0 where none was asked for, and no rate says what they cost. */
  const withSearches = (usage: Usage, seen: Seen): Usage => {
    const searches = usage.searches ?? seen.searches ?? (call.operation === 'chat' ? call.searches : undefined)
    if (!searches) return usage
    try {
      return cost({ searches }) && { ...usage, searches }
    } catch {
      return { ...usage, searches: 0 }
    }
  }
  try {
    return {
      most: Math.max(1, cost({ ...input, ...output(outputTokens), searches: call.searches ?? 0 }).micro),
      floor: cost(input).micro,
      ofOutput: (tokens) => cost(output(tokens)).micro,
      of(seen) {
        const reported = seen.counted === undefined ? readUsage(dialect, seen.usage) : seen.counted.usage
        const isBelieved = reported !== undefined && isPlausible(reported, outputTokens) && isPossible(reported, call)
        const usage = withSearches(isBelieved ? reported : { ...input, ...output(seen.outputTokens) }, seen)
        return { usage, cost: cost(usage).micro, isEstimated: !isBelieved || usage.searches === 0 }
      },
    }
  } catch {
    // A tier without rates, a unit without one in its direction, or a price beyond what a ledger holds.
    return undefined
  }
}

function isPossible(usage: Usage, { inputTokens, seconds }: ModelCall): boolean {
  const { input = 0, cacheRead = 0, cacheWrite = 0, cacheWrite1h = 0, audioIn = 0, imageIn = 0 } = usage
  const total = input + cacheRead + cacheWrite + cacheWrite1h + audioIn + imageIn
  return (
    total <= 8 * inputTokens + unseenInputTokens &&
    (usage.seconds ?? 0) <= 100 * seconds + 3_600 &&
    (usage.searches ?? 0) <= 1_000
  )
}
