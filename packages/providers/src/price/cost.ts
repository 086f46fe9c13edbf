import { CoreError } from '@core/foundation'
import { noRate, type Rate, ratesFor, type UnitRates } from './rate.ts'
import { countsOf, directionOf, placeOf, totalInput, type Unit, type Usage, unitAt, units } from './usage.ts'

/** What a credit is worth. */
export interface CreditRate {
  /** 1_000_000_000: one credit is one USD. */
  readonly nanoUsdPerCredit: number
  /** Added to each price, in hundredths of a percent; 250 adds 2.5 %. */
  readonly markupBasisPoints: number
}

export const oneUsdPerCredit: CreditRate = { nanoUsdPerCredit: 1_000_000_000, markupBasisPoints: 0 }

export interface Cost {
  /** Whole micro-credits, rounded up once. */
  readonly micro: number
  /** Units without a rate of their own, priced as the dearest of their direction, or as those of another model. */
  readonly approximated: readonly Unit[]
}

export interface CostRequest {
  readonly usage: Usage
  readonly rates: readonly Rate[]
  /** When the call started. */
  readonly at: Date
  readonly credit?: CreditRate
  /** The service tier that the call asks for. Default: the provider's standard one. */
  readonly tier?: string | undefined
  /** The rates are not the model's own: every unit is named in `approximated`, and no tier is looked for. */
  readonly isApproximated?: boolean | undefined
}

/**
 * What a call costs: `ceil(Σ units * nanoUsdPerMillion * (10000 + markup) / (10000 * nanoUsdPerCredit))`, in whole
 * numbers, so never below the exact price and less than one micro-credit above it.
 * @throws CoreError E_INVALID for usage that is not whole numbers, and for a cost beyond 2^53 - 1 micro-credits;
 * E_NOT_FOUND for a unit or a tier that has no rate: what is unknown is never free.
 */
export function costOf({
  usage,
  rates,
  at,
  credit = oneUsdPerCredit,
  tier,
  isApproximated = false,
}: CostRequest): Cost {
  const counts = countsOf(usage)
  requireCreditRate(credit)
  const applying = ratesFor(rates, at, totalInput(counts), isApproximated ? undefined : tier)
  if (!applying.some(isRate)) throw unknownPrice(tier === undefined ? {} : { tier })
  const approximated: Unit[] = []
  let nano = 0
  let large = 0n
  for (let place = 0; place < units.length; place++) {
    const count = counts[place] ?? 0
    if (count === 0) continue
    const own = applying[place] ?? noRate
    const rate = own === noRate ? substitute(place, applying, approximated) : own
    if (isApproximated && own !== noRate) approximated.push(unitAt(place))
    const part = count * rate
    // Numbers while they are exact: BigInt takes three times as long.
    if (nano + part <= Number.MAX_SAFE_INTEGER) nano += part
    else large += BigInt(count) * BigInt(rate)
  }
  return { micro: toMicro(nano, large, credit), approximated }
}

function isRate(rate: number): boolean {
  return rate !== noRate
}

function toMicro(nano: number, large: bigint, { nanoUsdPerCredit, markupBasisPoints }: CreditRate): number {
  if (large === 0n) {
    const micro = toMicroInNumbers(nano, nanoUsdPerCredit, 10_000 + markupBasisPoints)
    if (micro !== undefined) return micro
  }
  const divisor = 10_000n * BigInt(nanoUsdPerCredit)
  const exact = (BigInt(nano) + large) * BigInt(10_000 + markupBasisPoints)
  const micro = (exact + divisor - 1n) / divisor
  if (micro <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(micro)
  throw new CoreError('E_INVALID', 'the cost is beyond 9007199254740991 micro-credits', {
    fix: 'Check the usage and the rates.',
  })
}

/**
 * ceil(nano * share / (10000 * worth)) without a product that is not exact: nano and nano * share are divided with their
 * rests, which are added up over one divisor. Undefined where a step is beyond 2^53: BigInt takes twenty times as long.
 */
function toMicroInNumbers(nano: number, worth: number, share: number): number | undefined {
  const rest = nano % worth
  const whole = ((nano - rest) / worth) * share
  const wholeRest = whole % 10_000
  const over = wholeRest * worth + rest * share
  const divisor = 10_000 * worth
  if (whole > Number.MAX_SAFE_INTEGER || over > Number.MAX_SAFE_INTEGER || divisor > Number.MAX_SAFE_INTEGER)
    return undefined
  const overRest = over % divisor
  return (whole - wholeRest) / 10_000 + (over - overRest) / divisor + (overRest > 0 ? 1 : 0)
}

function substitute(place: number, applying: UnitRates, approximated: Unit[]): number {
  const unit = unitAt(place)
  // Most calls are not billed by their number.
  if (unit === 'requests') return 0
  // A maker without a rate for reasoning bills it as output.
  const output = applying[placeOf('output')] ?? noRate
  if (unit === 'reasoning' && output !== noRate) return output
  const [from, to] = directionOf(place)
  const dearest = Math.max(noRate, ...applying.slice(from, to))
  if (dearest === noRate) throw unknownPrice({ unit })
  approximated.push(unit)
  return dearest
}

function requireCreditRate({ nanoUsdPerCredit, markupBasisPoints }: CreditRate): void {
  const isWhole = Number.isSafeInteger(nanoUsdPerCredit) && Number.isSafeInteger(markupBasisPoints)
  if (isWhole && nanoUsdPerCredit > 0 && markupBasisPoints >= 0) return
  throw new CoreError('E_INVALID', 'a credit rate is whole numbers, nanoUsdPerCredit above 0', {
    fix: 'One USD per credit is { nanoUsdPerCredit: 1_000_000_000, markupBasisPoints: 0 }.',
  })
}

function unknownPrice(what: { readonly unit?: Unit; readonly tier?: string }): CoreError {
  const [[name, value] = []] = Object.entries(what)
  const of = name === 'tier' ? `the service tier ${JSON.stringify(value)}` : (value ?? 'this call')
  return new CoreError('E_NOT_FOUND', `there is no price for ${of}`, {
    fix:
      name === 'tier'
        ? 'Give the model rates of this tier (core prices set --tier), or call it without one.'
        : 'Give the model a rate for each unit that it bills.',
    ...(name === undefined ? {} : { details: { ...what } }),
  })
}
