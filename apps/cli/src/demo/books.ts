/** What the workers themselves know of the run, from the answers they got. Kept apart from the ledger, to check it. */
export interface Books {
  /** Micro-credits of every settle that was answered. */
  charged: number
  /** Micro-credits that were used above the hold and could not be charged, by over = cap. */
  uncollected: number
  settled: number
  voided: number
  /** Holds that expired before their worker could void them. */
  expired: number
  /** Holds whose worker crashed. */
  crashed: number
  deniedCredits: number
  deniedBudget: number
  /** Calls sent again with the same key after a lost or refused answer. */
  retried: number
  /** Below zero it would be an overspend. */
  lowestAvailable: number
}

export function openBooks(): Books {
  return {
    charged: 0,
    uncollected: 0,
    settled: 0,
    voided: 0,
    expired: 0,
    crashed: 0,
    deniedCredits: 0,
    deniedBudget: 0,
    retried: 0,
    lowestAvailable: Number.POSITIVE_INFINITY,
  }
}

export function addBooks(all: readonly Books[]): Books {
  const sum = openBooks()
  for (const books of all) {
    for (const name of Object.keys(books) as (keyof Books)[]) {
      if (name === 'lowestAvailable') sum[name] = Math.min(sum[name], books[name])
      else sum[name] += books[name]
    }
  }
  return sum
}
