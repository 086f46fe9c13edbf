import { type CallOptions, type Clock, type Deadline, isCoreError, startDeadline } from '@core/foundation'
import type { DatabaseHealth } from './database.ts'

const HEALTH_TIMEOUT_MS = 2_000

/** Runs one probe and turns its failure into an answer. */
export async function measureHealth(
  clock: Clock,
  options: CallOptions,
  probe: (deadline: Deadline) => Promise<string | undefined>,
): Promise<DatabaseHealth> {
  using deadline = startDeadline('health', options, HEALTH_TIMEOUT_MS)
  const startedAt = clock.monotonic()
  try {
    const serverVersion = await probe(deadline)
    const latencyMs = clock.monotonic() - startedAt
    return { status: 'up', latencyMs, ...(serverVersion === undefined ? {} : { serverVersion }) }
  } catch (error) {
    const latencyMs = clock.monotonic() - startedAt
    if (!isCoreError(error)) throw error
    return { status: 'down', latencyMs, code: error.code, message: error.message }
  }
}
