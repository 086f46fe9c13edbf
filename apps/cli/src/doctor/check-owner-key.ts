import { createClient } from '@core/api/client'
import { isCoreError } from '@core/foundation'
import { actsEverywhere } from '../acts-everywhere.ts'
import type { CommandIo } from '../io.ts'
import { resolveTarget } from '../target.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

const fix = 'Set CORE_OWNER_KEY, or restart the control plane with CORE_OWNER_KEY set to a new key of your own.'

/** Whether the key that the command would use is the owner's, in the eyes of the control plane that runs here. */
export async function checkOwnerKey(io: CommandIo): Promise<Finding> {
  const target = await resolveTarget(io, {})
  const { key, keySource } = target
  if (key === undefined) return warning('owner key', 'this user has none', fix)
  try {
    const me = await createClient({ ...target, timeoutMs: 5_000 }).getMe({}, { signal: io.signal })
    if (actsEverywhere(me)) return ok('owner key', `from ${keySource}`)
    const whose = me.subject.startsWith('user:') ? `${me.subject}'s` : `one of ${me.project}`
    return warning('owner key', `the key from ${keySource} is ${whose}`, fix)
  } catch (error) {
    if (!isCoreError(error)) throw error
    return fault('owner key', `the key from ${keySource}: ${error.message}`, fix)
  }
}
