/** What a step adds to the last line. A failed step that runs no single tests (types, lint) counts as one. */
export interface Tally {
  passed: number
  failed: number
  /** One entry per test that did not run, with the reason where it gave one. */
  skipped: string[]
}

export function addTally(sum: Tally, step: Tally): Tally {
  return {
    passed: sum.passed + step.passed,
    failed: sum.failed + step.failed,
    skipped: [...sum.skipped, ...step.skipped],
  }
}

/** The last line of `npm test`; other tools read it, so its form is fixed. */
export function lastLine({ passed, failed, skipped }: Tally): string {
  return `tests: ${passed} passed, ${failed} failed, ${skipped.length} skipped`
}
