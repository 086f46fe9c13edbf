import type { HealthFactor, HealthFigures, HealthPolicy } from '../src/health-score.ts'

export interface HealthCase {
  readonly title: string
  readonly figures: HealthFigures
  readonly policy: Partial<HealthPolicy>
  readonly score: number | null
  readonly worst: readonly HealthFactor[]
}

const unknown: HealthFigures = {
  ageMs: null,
  ttlMs: null,
  requests: null,
  errors: null,
  p95Ms: null,
  targetP95Ms: null,
  credits: null,
  share: null,
  backlog: null,
}
const fresh: HealthFigures = { ...unknown, ageMs: 4_000, ttlMs: 45_000 }
const busy: HealthFigures = {
  ...fresh,
  requests: 1_000,
  errors: 0,
  p95Ms: 40,
  targetP95Ms: 50,
  credits: 9_000_000,
  share: 0.8,
  backlog: 10,
}
const of = (
  title: string,
  figures: HealthFigures,
  score: number | null,
  worst: readonly HealthFactor[] = [],
  policy: Partial<HealthPolicy> = {},
): HealthCase => ({ title, figures, policy, score, worst })

/** The worked cases of the guide. TypeScript, SQL and the guide are held to them. */
export const healthCases: readonly HealthCase[] = [
  of('no process was ever seen', unknown, null),
  of('a fresh beat and nothing else', fresh, 100),
  of('everything within its target', busy, 100),
  of('beats are over', { ...busy, ageMs: 45_000 }, 0, ['freshness']),
  of('beats are late', { ...busy, ageMs: 30_000 }, 85, ['freshness']),
  of('2 % of requests fail', { ...busy, errors: 20 }, 90, ['errors']),
  of('twice as slow as its target', { ...busy, p95Ms: 100 }, 93, ['latency']),
  of('a tenth of its budget is left', { ...busy, share: 0.1 }, 93, ['credits']),
  of('credits are used up, and work waits', { ...busy, credits: 0, backlog: 2_000 }, 78, ['credits', 'backlog']),
  of('it declares that latency alone counts', { ...busy, p95Ms: 100, errors: 500 }, 50, ['latency'], {
    weights: { freshness: 0, errors: 0, latency: 10, credits: 0, backlog: 0 },
  }),
  of('credits run low by its own measure', { ...busy, credits: 2_500_000 }, 93, ['credits'], { lowCredits: 5_000_000 }),
  of('everything at its worst', { ...busy, errors: 1_000, p95Ms: 1e6, credits: -5, backlog: 1e9 }, 30, [
    'errors',
    'latency',
    'credits',
    'backlog',
  ]),
]
