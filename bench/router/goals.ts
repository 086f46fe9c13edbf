import type { Goal } from '../row.ts'

/** What the gateway promises of its speed. */
export const goals = {
  /** CPU of a plain call with the real ledger, against Portkey's gateway, which has none. */
  cpuAgainstPortkey: { atMost: 0.4 },
  /** Milliseconds that a plain call takes longer than without a gateway, median. */
  addedMedianMs: { atMost: 2 },
  /** The same, of the slowest in a hundred. */
  addedTailMs: { atMost: 10 },
  /** Milliseconds that the first output of a stream comes later. */
  addedFirstOutputMs: { atMost: 5 },
  /** KB of memory for each of 1,000 streams. */
  memoryPerStreamKB: { atMost: 60 },
  /** Microseconds to choose among five targets. */
  choiceUs: { atMost: 10 },
  /** Attempts at a dead target in each time that it is left alone. */
  attemptsPerCooling: { atMost: 1 },
  /** Of 50 callers at once with credits for 10. */
  passed: { atMost: 10 },
  /** How many times as fast old rows of calls are deleted as new ones are written: the log does not grow without end. */
  sweep: { atLeast: 1 },
} as const satisfies Record<string, Goal>
