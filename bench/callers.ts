/**
 * Callers that each ask again as soon as they are answered, until that many operations are done.
 * Returns what each took, in milliseconds. The first failure ends them all.
 */
export async function runCallers(
  callers: number,
  operations: number,
  call: (index: number) => Promise<void>,
): Promise<number[]> {
  const latenciesMs: number[] = []
  let next = 0
  async function keepCalling(): Promise<void> {
    while (next < operations) {
      const index = next++
      const startedAt = performance.now()
      try {
        await call(index)
      } catch (error) {
        next = operations
        throw error
      }
      latenciesMs.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: callers }, keepCalling))
  return latenciesMs
}
