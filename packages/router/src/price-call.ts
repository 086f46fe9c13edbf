import { isPlausible, readUsage } from '@core/providers/llm'
import { costOf, type FoundPrice, findPrice, type Prices, type Usage } from '@core/providers/price'
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
  try {
    return new PricedCall(call, dialect, { found, at, tier })
  } catch {
    // A tier without rates, a unit without one in its direction, or a price beyond what a ledger holds.
    return undefined
  }
}

interface Rules {
  readonly found: FoundPrice
  readonly at: Date
  readonly tier: string | undefined
}

class PricedCall implements CallPrice {
  readonly most: number
  readonly floor: number
  readonly #call: ModelCall
  readonly #dialect: Dialect
  readonly #rules: Rules

  constructor(call: ModelCall, dialect: Dialect, rules: Rules) {
    this.#call = call
    this.#dialect = dialect
    this.#rules = rules
    this.most = Math.max(1, this.#costOf(this.#usage(this.#outputTokens), call.searches))
    this.floor = this.#costOf(this.#input())
  }

  ofOutput(tokens: number): number {
    return this.#costOf(this.#hasOutput ? { output: tokens } : {})
  }

  of(seen: Seen): Priced {
    const reported = seen.counted === undefined ? readUsage(this.#dialect, seen.usage) : seen.counted.usage
    const isBelieved =
      reported !== undefined && isPlausible(reported, this.#outputTokens) && isPossible(reported, this.#call)
    const usage = this.#withSearches(isBelieved ? reported : this.#usage(seen.outputTokens), seen)
    return { usage, cost: this.#costOf(usage), isEstimated: !isBelieved || usage.searches === 0 }
  }

  get #outputTokens(): number {
    return this.#call.maxOutputTokens * this.#call.count
  }

  /** Embeddings have no output, and a price for seconds covers it. */
  get #hasOutput(): boolean {
    return this.#call.operation !== 'embeddings' && !this.#isBySeconds
  }

  get #isBySeconds(): boolean {
    return this.#call.operation === 'transcription' && this.#rules.found.rates.some(({ unit }) => unit === 'seconds')
  }

  #input(): Usage {
    const { operation, inputTokens, seconds } = this.#call
    if (operation !== 'transcription') return { input: inputTokens }
    return this.#isBySeconds ? { seconds } : { audioIn: seconds * audioTokensPerSecond }
  }

  /** What a call is about, with that many tokens of output. */
  #usage(output: number): Usage {
    return this.#hasOutput ? { ...this.#input(), output } : this.#input()
  }

  /** With the searches that were made; 0 where none was asked for, and no rate says what they cost. */
  #withSearches(usage: Usage, seen: Seen): Usage {
    const { operation, searches: asked } = this.#call
    const searches = usage.searches ?? seen.searches ?? (operation === 'chat' ? asked : undefined)
    if (!searches) return usage
    try {
      this.#costOf({ searches })
      return { ...usage, searches }
    } catch {
      return { ...usage, searches: 0 }
    }
  }

  /** Of one request. */
  #costOf(usage: Usage, searches = usage.searches ?? 0): number {
    const { found, at, tier } = this.#rules
    const { rates, credit, isApproximated } = found
    return costOf({ usage: { ...usage, searches, requests: 1 }, rates, at, credit, tier, isApproximated }).micro
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
