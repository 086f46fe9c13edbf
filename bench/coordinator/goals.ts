import type { Goal } from '../row.ts'

/** What queues promise beside the others on the same server in one run. */
export const goals = {
  /** How many times as fast as the faster of the others. */
  enqueue: { atLeast: 1 },
  enqueueBatch: { atLeast: 1 },
  claimAndFinish: { atLeast: 1 },
  claimAndFinishBatch: { atLeast: 1 },
  /** Milliseconds of a claim on the embedded database. */
  embeddedClaim: { atMost: 2 },
  /** Milliseconds from sending a message until a process that waits has received it. */
  sendToReceive: { atMost: 15 },
} as const satisfies Record<string, Goal>
