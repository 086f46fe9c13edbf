import { median, quantile } from './statistics.ts'

/** One of the things that are compared. */
export interface Contestant {
  readonly name: string
  /** Operations of one `run` are a multiple of this: the size of a batch, the number of callers. Default 1. */
  readonly step?: number
  /** Makes what `run` uses up: payloads, holds to settle. Not timed. */
  prepare?(operations: number): Promise<void>
  /** Does that many operations. Returns what each took in milliseconds, or nothing where only the sum matters. */
  run(operations: number): Promise<readonly number[]>
}

export interface MeasureOptions {
  /** Samples of each contestant. */
  rounds: number
  /** What one sample should take. */
  sampleMs: number
  signal: AbortSignal
  onProgress(text: string): void
}

interface Sample {
  perSecond: number
  latenciesMs: readonly number[]
}

export interface Ratio {
  /** The middle of the rounds' ratios. */
  readonly middle: number
  readonly lowest: number
  readonly highest: number
}

export interface Measurement {
  /** Operations per second, the median of the rounds. */
  perSecond(name: string): number
  /** How many times as fast as the other, compared within each round. */
  ratio(name: string, other: string): Ratio
  /** Milliseconds below which that share of the calls stayed, the median of the rounds. */
  latencyMs(name: string, share: number): number
  /** The two quantiles of a round divided, the median of the rounds. */
  tail(name: string, share: number, otherShare: number): number
}

/**
 * Runs the contestants in turn, round by round, each for about `sampleMs`, every other round in the opposite order: what
 * drifts (a warmer cache, a busier machine, a longer table) then touches all of them alike. Ratios are taken within a
 * round and their median is reported. One round before the first warms up and is thrown away.
 */
export async function measure(contestants: readonly Contestant[], options: MeasureOptions): Promise<Measurement> {
  const { rounds, signal, onProgress } = options
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]))
  const counts = new Map<Contestant, number>()
  for (const contestant of contestants) {
    onProgress(`warming up: ${contestant.name}`)
    counts.set(contestant, await findCount(contestant, options))
  }
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      signal.throwIfAborted()
      const sample = await takeSample(contestant, counts.get(contestant) ?? 1)
      if (round === 0) continue
      samples.get(contestant.name)?.push(sample)
      onProgress(`${round}/${rounds} ${contestant.name}: ${Math.round(sample.perSecond).toLocaleString('en')}/s`)
    }
  }
  return toMeasurement(samples)
}

/** How many operations fill a sample. */
async function findCount(contestant: Contestant, { sampleMs, signal }: MeasureOptions): Promise<number> {
  const step = contestant.step ?? 1
  for (let count = step; ; count *= 4) {
    signal.throwIfAborted()
    const { perSecond } = await takeSample(contestant, count)
    const elapsedMs = (count / perSecond) * 1_000
    if (elapsedMs >= sampleMs / 4) return step * Math.max(1, Math.round((count * sampleMs) / elapsedMs / step))
  }
}

async function takeSample(contestant: Contestant, operations: number): Promise<Sample> {
  await contestant.prepare?.(operations)
  const startedAt = performance.now()
  const latenciesMs = await contestant.run(operations)
  return { perSecond: (operations / (performance.now() - startedAt)) * 1_000, latenciesMs }
}

export function toMeasurement(samples: ReadonlyMap<string, readonly Sample[]>): Measurement {
  function of(name: string): readonly Sample[] {
    const found = samples.get(name)
    if (!found || found.length === 0) throw new Error(`nothing was measured under the name ${JSON.stringify(name)}`)
    return found
  }
  return {
    perSecond: (name) => median(of(name).map(({ perSecond }) => perSecond)),
    ratio(name, other) {
      const others = of(other)
      const ratios = of(name).map(({ perSecond }, round) => perSecond / (others[round]?.perSecond ?? Number.NaN))
      return { middle: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) }
    },
    latencyMs: (name, share) => median(of(name).map(({ latenciesMs }) => quantile(latenciesMs, share))),
    tail: (name, share, otherShare) =>
      median(of(name).map(({ latenciesMs }) => quantile(latenciesMs, share) / quantile(latenciesMs, otherShare))),
  }
}
