/**
 * What failed first. Where closing fails as well, `await using` throws a SuppressedError: the failure that ended the work is
 * behind that of closing, and it is the one that a person can act on.
 */
export function primaryError(error: unknown): unknown {
  let first = error
  while (first instanceof SuppressedError) first = first.suppressed
  return first
}
