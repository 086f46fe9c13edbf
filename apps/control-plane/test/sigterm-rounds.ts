import { expect } from 'vitest'
import { findLost, type Load, startLoad, startLoaded, untilNotReady, workers } from './load-process.ts'

export interface Rounds {
  readonly rounds: number
  /** How long each worker waits after an answer. */
  readonly pauseMs: number
}

/** How long a load balancer may take to send requests elsewhere after readiness has said no. */
const promisedMs = 2000

/**
 * Starts the program, ends it under load with SIGTERM, and starts it again: no request fails, no connection is refused
 * before the promised time is over, and the next round knows every write that was accepted. Resolves with the last load,
 * whose writes no round has looked for.
 */
export async function expectSigtermRounds(
  folder: string,
  { rounds, pauseMs }: Rounds,
  running: Set<{ kill(): unknown }>,
): Promise<Load | undefined> {
  let before: Load | undefined
  for (let round = 1; round <= rounds; round++) {
    const { port, child, ended } = await startLoaded(folder)
    const killable = { kill: () => child.kill('SIGKILL') }
    running.add(killable)
    if (before) expect(await findLost(port, before.accepted), `lost before round ${round}`).toEqual([])
    const load = startLoad(port, `round-${round}`, pauseMs)
    await expect.poll(() => load.accepted.size, { timeout: 30_000, interval: 20 }).toBeGreaterThan(200)
    child.kill('SIGTERM')
    const notReadyAt = await untilNotReady(port)
    await load.over
    expect(load.failed, `failed in round ${round}`).toEqual([])
    expect(load.refusedAt).toHaveLength(workers)
    expect(Math.min(...load.refusedAt) - notReadyAt, `round ${round}`).toBeGreaterThanOrEqual(promisedMs)
    expect(await ended).toEqual([0, null])
    running.delete(killable)
    before = load
  }
  return before
}
