import type { MeasureOptions } from './measure.ts'
import type { Row } from './row.ts'

/** What is measured for one noun. `bench/<noun>/suite.ts` exports one as `suite`. */
export interface Suite {
  run(context: BenchContext): Promise<Row[]>
}

export interface BenchContext {
  /** A smoke run: everything once and small; its figures mean nothing. */
  readonly isQuick: boolean
  /** Also what takes a quarter of an hour. */
  readonly isFull: boolean
  readonly measure: Omit<MeasureOptions, 'signal'>
  readonly signal: AbortSignal
  /** Empty, removed afterwards. */
  readonly folder: string
  /** Parts of the suite that `--only` names; empty for all of it. What they are is the suite's own affair. */
  readonly only: readonly string[]
  progress(text: string): void
  /** Says in the run's header what it ran on: a server's version and settings. */
  describe(subject: string, facts: Readonly<Record<string, unknown>>): void
}
