/** The ledger's figures of the demo's pool, in micro-credits. */
export interface PoolFigures {
  granted: number
  spent: number
  held: number
  available: number
}

export interface Proof extends PoolFigures {
  /** What the answers to the workers say they were charged. */
  charged: number
  lowestAvailable: number
  violations: readonly unknown[]
  /** What does not hold, as sentences; empty for a proof. */
  faults: readonly string[]
}

/** Checks the ledger against itself, against the workers' own books, and against its audit. */
export function prove(
  pool: PoolFigures,
  books: { charged: number; lowestAvailable: number },
  violations: readonly unknown[],
): Proof {
  const { granted, spent, held, available } = pool
  const faults: string[] = []
  if (spent + held + available !== granted) faults.push(`spent + held + available is not granted`)
  if (spent !== books.charged) faults.push(`the ledger spent ${spent}, but the workers were charged ${books.charged}`)
  if (held !== 0) faults.push(`${held} micro-credits are still held after every hold has expired`)
  if (available < 0 || books.lowestAvailable < 0) faults.push('the pool was overspent')
  if (violations.length > 0) faults.push(`the audit found ${violations.length} violations`)
  return { ...pool, charged: books.charged, lowestAvailable: books.lowestAvailable, violations, faults }
}
