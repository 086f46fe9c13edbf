import { createClient } from '@core/api/client'
import { isCoreError } from '@core/foundation'
import type { CommandIo } from '../io.ts'
import { resolveTarget } from '../target.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

const fix = 'Set CORE_OWNER_KEY, or restart the control plane with CORE_OWNER_KEY set to a new key of your own.'

/** Whether the key that the command would use is the owner's, in the eyes of the control plane that runs here. */
export async function checkOwnerKey(io: CommandIo): Promise<Finding> {
  const { url, key, keySource } = await resolveTarget(io, {})
  if (key === undefined) return warning('owner key', 'this user has none', fix)
  try {
    const { project } = await createClient({ url, key, timeoutMs: 5_000 }).getMe({}, { signal: io.signal })
    if (project === null) return ok('owner key', `from ${keySource}`)
    return warning('owner key', `the key from ${keySource} is one of ${project}`, fix)
  } catch (error) {
    if (!isCoreError(error)) throw error
    return fault('owner key', `the key from ${keySource}: ${error.message}`, fix)
  }
}
