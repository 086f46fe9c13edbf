import { createHash } from 'node:crypto'
import type { RoutePolicy, Target } from './routing.ts'

/** What is known of a target when a call begins. */
export interface Candidate {
  readonly target: Target
  /** What the call may cost there, in micro-credits; undefined without a price. */
  readonly price: number | undefined
  /** Milliseconds until it may be called again; 0 where it may now. */
  readonly coolingMs: number
  readonly coolingReason?: string | undefined
  /** Faults of the last 30 s. */
  readonly faults: number
  /** Until its first output, as a peak-sensitive average; undefined before the first call. */
  readonly firstOutputMs: number | undefined
  /** Why it cannot serve this call at all. */
  readonly unfit?: string | undefined
}

export interface Choice {
  readonly target: Target
  readonly price: number
  /** Why it has its place. */
  readonly reason: string
}

export interface Skipped {
  readonly target: Target
  readonly reason: string
  /** Of a target that is cooling. */
  readonly retryAfterMs?: number
}

export interface Chosen {
  /** In the order in which they are tried. */
  readonly order: readonly Choice[]
  readonly skipped: readonly Skipped[]
}

export interface ChooseOptions {
  readonly policy: RoutePolicy
  /** Calls with the same text prefer the same target. */
  readonly sticky?: string | undefined
  readonly random: () => number
}

/** Which targets to try, and why. Pure. */
export function chooseTargets(candidates: readonly Candidate[], { policy, sticky, random }: ChooseOptions): Chosen {
  const usable: Usable[] = []
  const skipped: Skipped[] = []
  for (const candidate of candidates) {
    const { target, price, coolingMs, coolingReason, unfit } = candidate
    if (unfit !== undefined) skipped.push({ target, reason: unfit })
    else if (price === undefined) skipped.push({ target, reason: 'no price is known' })
    else if (coolingMs > 0)
      skipped.push({
        target,
        reason: `cooling: ${coolingReason === 'auth' ? 'its key is missing, malformed or refused' : (coolingReason ?? 'it failed')}`,
        retryAfterMs: coolingMs,
      })
    else if (isPriced(candidate)) usable.push(candidate)
  }
  const isSticky = sticky !== undefined
  const ranked = usable.length < 2 ? usable : rank(usable, { policy, sticky, random })
  return { order: ranked.map((one, place) => new PlacedTarget(one, policy, { place, isSticky })), skipped }
}

/** Those that are tried first, first. */
function rank(usable: readonly Usable[], { policy, sticky, random }: ChooseOptions): readonly Usable[] {
  const { choose = 'balanced' } = policy
  return usable
    .map((one) => ({
      one,
      isFaulty: choose === 'balanced' && one.faults > 0,
      rank: rankOf(one, policy, sticky, random),
    }))
    .sort((a, b) => Number(a.isFaulty) - Number(b.isFaulty) || a.rank - b.rank)
    .map(({ one }) => one)
}

function isPriced(candidate: Candidate): candidate is Usable {
  return candidate.price !== undefined
}

class PlacedTarget implements Choice {
  readonly target: Target
  readonly price: number
  readonly #facts: Parameters<typeof reasonOf>

  constructor(one: Usable, policy: RoutePolicy, placed: { readonly place: number; readonly isSticky: boolean }) {
    this.target = one.target
    this.price = one.price
    this.#facts = [policy, one, placed]
  }

  /** Read where a choice is explained, which hardly any call is. */
  get reason(): string {
    return reasonOf(...this.#facts)
  }
}

type Usable = Candidate & { readonly price: number }

/** The lowest is tried first. */
function rankOf(
  { target, price, firstOutputMs }: Usable,
  { choose = 'balanced' }: RoutePolicy,
  sticky: string | undefined,
  random: () => number,
): number {
  switch (choose) {
    case 'order':
      return 0
    case 'price':
      return price
    case 'latency':
      // What was never called is tried, so that it becomes known.
      return firstOutputMs ?? 0
    case 'balanced': {
      // Weighted sampling without replacement; with a sticky text the same formula is weighted rendezvous hashing.
      const drawn = sticky === undefined ? random() : fractionOf(`${sticky}\n${target.id}`)
      const weight = 1 / Math.max(price, 1) ** 2
      return -Math.log(Math.max(drawn, Number.MIN_VALUE)) / weight
    }
    default:
      return choose satisfies never
  }
}

function fractionOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE(0) / 2 ** 32
}

function reasonOf(
  { choose = 'balanced' }: RoutePolicy,
  { price, faults, firstOutputMs }: Usable,
  { place, isSticky }: { readonly place: number; readonly isSticky: boolean },
): string {
  const facts = [`at most ${price} micro-credits`]
  if (firstOutputMs !== undefined) facts.push(`first output after ${Math.round(firstOutputMs)} ms`)
  if (faults > 0) facts.push(`${faults} ${faults === 1 ? 'fault' : 'faults'} in 30 s`)
  const by = choose === 'balanced' && isSticky ? 'balanced, the same for this session' : choose
  return `${place === 0 ? 'chosen' : `fallback ${place}`} by ${by}: ${facts.join(', ')}`
}
