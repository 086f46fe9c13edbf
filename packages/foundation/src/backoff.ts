export interface BackoffOptions {
  /** Upper bound of the first pause; it doubles with each further failure. */
  baseMs: number
  /** No pause is longer. */
  capMs: number
  random?: (() => number) | undefined
}

/**
 * The pause before the next attempt after `failures` of them (1, 2, …), in milliseconds: "full jitter", uniform in
 * [0, min(cap, base * 2^(failures - 1))), which spreads a herd best (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function fullJitterMs(failures: number, { baseMs, capMs, random = Math.random }: BackoffOptions): number {
  return random() * Math.min(capMs, baseMs * 2 ** (failures - 1))
}
