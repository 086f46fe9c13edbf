/** What a project declares: how much each factor weighs, and its targets. */
export interface HealthPolicy {
  readonly weights: Readonly<Record<HealthFactor, number>>
  readonly criticality: 'none' | 'low' | 'normal' | 'high' | 'critical'
  /** Full marks up to it, none from three times as much. null: what its processes say, else latency is unknown. */
  readonly targetP95Ms: number | null
  /** The part of requests that fail at which errors earn nothing, 0.001 to 1. */
  readonly maxErrorRate: number
  /** Full marks up to it, none from three times as much. */
  readonly targetBacklog: number
  /** Micro-credits: full marks from it on. null: any credits at all are enough. */
  readonly lowCredits: number | null
}

/** In the order in which the worst of two equal ones is named. */
export const healthFactors = ['freshness', 'errors', 'latency', 'credits', 'backlog'] as const
export type HealthFactor = (typeof healthFactors)[number]

/** What is known of a project; null: unknown. */
export interface HealthFigures {
  /** Since its newest beat, and after how long that is over. Both null: no process of it was ever seen. */
  readonly ageMs: number | null
  readonly ttlMs: number | null
  readonly requests: number | null
  readonly errors: number | null
  readonly p95Ms: number | null
  readonly targetP95Ms: number | null
  /** Micro-credits that it may still spend. */
  readonly credits: number | null
  /** The least rest of a budget as a part of its cap, 0 to 1. */
  readonly share: number | null
  readonly backlog: number | null
}

export interface HealthScore {
  /** 0 to 100; null where no process was ever seen. */
  readonly score: number | null
  /** The factors that cost points, the most first. */
  readonly worst: readonly HealthFactor[]
  /** Each from 0 to 100; null: unknown, and not counted. */
  readonly factors: Readonly<Record<HealthFactor, number | null>>
}

export const defaultHealthPolicy: HealthPolicy = {
  weights: { freshness: 30, errors: 25, latency: 15, credits: 15, backlog: 15 },
  criticality: 'normal',
  targetP95Ms: null,
  maxErrorRate: 0.05,
  targetBacklog: 1000,
  lowCredits: null,
}

/**
 * The score of a project: the weighted mean of those factors that are known, in points of 100. Whose beats are over scores 0.
 *
 * Each factor is worth 1 at full marks and 0 at none, in a line between: freshness from a third of `ttlMs` to all of it,
 * errors from 0 to `maxErrorRate`, latency and backlog from their target to three times as much, credits from `lowCredits`
 * and a fifth of the tightest cap down to nothing. A definition of this project; `core.health_score` is the same in SQL, and
 * one table of cases holds both equal.
 */
export function scoreHealth(figures: HealthFigures, policy: HealthPolicy = defaultHealthPolicy): HealthScore {
  const parts = toParts(figures, policy)
  let [sum, total] = [0, 0]
  const lost = healthFactors.map((name) => {
    const part = parts[name]
    const weight = part === null ? 0 : policy.weights[name]
    sum += weight * (part ?? 0)
    total += weight
    return { name, points: name === 'freshness' && part === 0 ? Number.POSITIVE_INFINITY : weight * (1 - (part ?? 1)) }
  })
  const worst = lost
    .filter(({ points }) => points > 0)
    .sort((a, b) => (a.points === b.points ? 0 : b.points - a.points))
  return {
    score: parts.freshness === null || total === 0 ? null : parts.freshness === 0 ? 0 : round((100 * sum) / total),
    worst: worst.map(({ name }) => name),
    factors: {
      freshness: toPoints(parts.freshness),
      errors: toPoints(parts.errors),
      latency: toPoints(parts.latency),
      credits: toPoints(parts.credits),
      backlog: toPoints(parts.backlog),
    },
  }
}

function toParts(figures: HealthFigures, policy: HealthPolicy): Record<HealthFactor, number | null> {
  const { ageMs, ttlMs, requests, errors, p95Ms, credits, share, backlog } = figures
  const declared = figures.targetP95Ms ?? policy.targetP95Ms
  const target = declared === null ? null : Math.max(0.001, declared)
  const rate = requests !== null && requests > 0 && errors !== null ? errors / requests : null
  return {
    freshness: ttlMs === null ? null : partOf(ageMs, ttlMs / 3, ttlMs),
    errors: partOf(rate, 0, policy.maxErrorRate),
    latency: target === null ? null : partOf(p95Ms, target, target * 3),
    credits:
      credits === null
        ? null
        : Math.min(credits <= 0 ? 0 : (partOf(credits, policy.lowCredits, 0) ?? 1), partOf(share, 0.2, 0) ?? 1),
    backlog: partOf(backlog, policy.targetBacklog, policy.targetBacklog * 3),
  }
}

function partOf(value: number | null, full: number | null, none: number): number | null {
  if (value === null || full === null) return null
  return Math.min(1, Math.max(0, (none - value) / (none - full)))
}

function toPoints(part: number | null): number | null {
  return part === null ? null : round(100 * part)
}

/** Halves go up, as in the database. */
function round(value: number): number {
  return Math.floor(value + 0.5)
}
