export interface InsightFigures {
  readonly adopted: number
  readonly rejected: number
  readonly reverted: number
  /** How many effects were measured, and their sum in basis points. */
  readonly measured: number
  readonly effectSumBasisPoints: number
  /** What the author expects in basis points, and how sure it is, 0 to 10,000. */
  readonly expectedBasisPoints: number
  readonly confidenceBasisPoints: number
}

/**
 * The rank of an insight in basis points: the part of those who decided that keep it, times its mean effect.
 *
 * Both are Bayesian averages with a prior of two observations, after Laplace's rule of succession: (successes + m p) / (n + m)
 * with m = 2, where p is the author's confidence for the rate, and its expectation times that confidence for the effect. So
 * one lucky measurement ranks below many good ones. Source: P. S. Laplace, Essai philosophique sur les probabilités (1814);
 * the use for ratings: E. Miller, "Bayesian Average Ratings" (2012). `core.insight_rank` is the same in SQL.
 */
export function rankInsight(figures: InsightFigures): number {
  const { adopted, rejected, reverted, measured, effectSumBasisPoints, expectedBasisPoints, confidenceBasisPoints } =
    figures
  const prior = confidenceBasisPoints / 5000
  const rate = (adopted + prior) / (adopted + rejected + reverted + 2)
  return rate * ((effectSumBasisPoints + expectedBasisPoints * prior) / (measured + 2))
}
