import type { Goal } from '../row.ts'

/** What `openCore` over a URL and a key promises. */
export const goals = {
  /** From the first line of a program to its first reserve, divided by the same with one bare fetch. */
  cold: { atMost: 1.5 },
  /** A call of the driver, divided by a bare fetch that sends the same and reads the same. */
  call: { atMost: 1.15 },
  /** Of 1,000 reserves at once. */
  requests: { atMost: 3 },
} as const satisfies Record<string, Goal>
