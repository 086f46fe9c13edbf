/** What a figure has to reach. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number }

/** One line of a report, as written to `results/<noun>.json`. */
export interface Row {
  readonly name: string
  /** Rounded to four significant digits. */
  readonly figure: number
  readonly unit: string
  /** `>= 0.5` or `<= 3`; null for a figure that only informs. */
  readonly goal: string | null
  /** Null where there is no goal. */
  readonly met: boolean | null
}

/** Compares before it rounds, so that a goal is not met by rounding. Throws for a figure that is not a number. */
export function toRow(name: string, figure: number, unit: string, goal?: Goal): Row {
  if (!Number.isFinite(figure)) throw new Error(`${name} has no figure: ${figure}`)
  return {
    name,
    figure: figure === 0 ? 0 : Number(figure.toPrecision(4)),
    unit,
    goal: goal ? describe(goal) : null,
    met: goal ? isMet(figure, goal) : null,
  }
}

function isMet(figure: number, goal: Goal): boolean {
  return 'atLeast' in goal ? figure >= goal.atLeast : figure <= goal.atMost
}

function describe(goal: Goal): string {
  return 'atLeast' in goal ? `>= ${goal.atLeast}` : `<= ${goal.atMost}`
}
