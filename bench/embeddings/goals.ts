import type { Goal } from '../row.ts'

/** What embeddings promise. Beside others they promise no speed, but rows that the others leave out. */
export const goals = {
  /** Part of the ten nearest that a search finds, at ef 80. */
  recall: { atLeast: 0.98 },
  /** Time of a hybrid search as a multiple of its legs together. */
  hybrid: { atMost: 2 },
  /** Per cent of filtered searches that return min(k, matching) rows. */
  rowGuarantee: { atLeast: 100 },
  /** Calls of the model and writes of vectors for documents that did not change. */
  unchangedCalls: { atMost: 0 },
  unchangedWrites: { atMost: 0 },
  /** Per cent of the pieces that are embedded again after one in ten was edited. */
  edited: { atMost: 11 },
  /** Bytes of the index, as a multiple of one on vectors of single precision. */
  indexSize: { atMost: 0.75 },
} as const satisfies Record<string, Goal>
