import { type Clock, systemClock } from '@core/foundation'

/** Durations of the recent past, in milliseconds. Quantiles are right within 3.2 %, the rest exactly. */
export interface RecentFigures {
  readonly count: number
  readonly totalMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface RecentHistogram {
  record(ms: number): void
  read(): RecentFigures
}

/** What `read` looks back on: five whole minutes and the one that has begun. */
export const recentWindowMs = 5 * 60_000
const sliceMs = 60_000
const sliceCount = recentWindowMs / sliceMs + 1

/** Sixteen buckets for every doubling, from a microsecond to 134 seconds; longer ones count as that. */
const bucketCount = 24 * 16
const longestMicros = 2 ** 27 - 1

interface Slice {
  /** Which minute it is of. */
  index: number
  readonly counts: Uint32Array
  count: number
  totalMs: number
  maxMs: number
}

/**
 * Counts durations in buckets whose width grows with them, minute by minute; the oldest minute makes room for the newest.
 * Recording takes some tens of nanoseconds and never allocates after the first minutes; a full one holds 9 KB.
 */
export function createRecentHistogram(clock: Pick<Clock, 'monotonic'> = systemClock): RecentHistogram {
  const slices: (Slice | undefined)[] = new Array(sliceCount).fill(undefined)

  function sliceOf(index: number): Slice {
    const known = slices[index % sliceCount]
    if (known?.index === index) return known
    if (known === undefined) {
      const fresh = { index, counts: new Uint32Array(bucketCount), count: 0, totalMs: 0, maxMs: 0 }
      slices[index % sliceCount] = fresh
      return fresh
    }
    known.counts.fill(0)
    return Object.assign(known, { index, count: 0, totalMs: 0, maxMs: 0 })
  }

  return {
    record(ms) {
      const slice = sliceOf(Math.floor(clock.monotonic() / sliceMs))
      const bucket = bucketOf(ms)
      slice.counts[bucket] = (slice.counts[bucket] ?? 0) + 1
      slice.count++
      slice.totalMs += ms
      if (ms > slice.maxMs) slice.maxMs = ms
    },
    read() {
      const oldest = Math.floor(clock.monotonic() / sliceMs) - sliceCount + 1
      const recent = slices.filter((slice) => slice !== undefined && slice.index >= oldest)
      const counts = new Float64Array(bucketCount)
      const figures = { count: 0, totalMs: 0, maxMs: 0 }
      for (const slice of recent) {
        if (slice === undefined) continue
        for (let bucket = 0; bucket < bucketCount; bucket++) {
          counts[bucket] = (counts[bucket] ?? 0) + (slice.counts[bucket] ?? 0)
        }
        figures.count += slice.count
        figures.totalMs += slice.totalMs
        figures.maxMs = Math.max(figures.maxMs, slice.maxMs)
      }
      const at = (share: number) => Math.min(quantileOf(counts, figures.count, share), figures.maxMs)
      return { ...figures, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
    },
  }
}

function bucketOf(ms: number): number {
  const micros = Math.min(longestMicros, Math.max(0, Math.floor(ms * 1000)))
  if (micros < 16) return micros
  const exponent = 31 - Math.clz32(micros)
  return (exponent - 3) * 16 + ((micros >>> (exponent - 4)) & 15)
}

/** The middle of the bucket in which the value of that rank lies. */
function quantileOf(counts: Float64Array, count: number, share: number): number {
  if (count === 0) return 0
  let left = Math.ceil(share * count)
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    left -= counts[bucket] ?? 0
    if (left <= 0) return middleOf(bucket) / 1000
  }
  return longestMicros / 1000
}

function middleOf(bucket: number): number {
  if (bucket < 16) return bucket + 0.5
  const shift = (bucket >> 4) - 1
  return (16 + (bucket & 15) + 0.5) * 2 ** shift
}
