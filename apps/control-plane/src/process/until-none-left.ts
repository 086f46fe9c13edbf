/**
 * Repeats a call that handles so many things at most until it handles fewer: what has become due since the last run is done in
 * this one, however much it is.
 * @returns how many things all calls have handled.
 */
export async function untilNoneLeft(
  most: number,
  signal: AbortSignal | undefined,
  call: () => Promise<number>,
): Promise<number> {
  let total = 0
  while (!signal?.aborted) {
    const handled = await call()
    total += handled
    if (handled < most) break
  }
  return total
}
