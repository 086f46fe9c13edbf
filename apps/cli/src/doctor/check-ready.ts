import { createClient } from '@core/api/client'
import { isCoreError } from '@core/foundation'
import { type Finding, fault, ok } from './finding.ts'

/** Asks a running control plane whether it can do its work. */
export async function checkReady(url: string, signal: AbortSignal): Promise<Finding> {
  try {
    const { checks } = await createClient({ url, timeoutMs: 5_000 }).ready({}, { signal })
    return ok('control plane', `${url} is ready, its database answers in ${checks.database.latencyMs} ms`)
  } catch (error) {
    if (!isCoreError(error)) throw error
    return fault(
      'control plane',
      `${url} runs and is not ready: ${error.message}`,
      'Its log says why; restart it if it does not recover.',
    )
  }
}
