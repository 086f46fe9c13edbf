import type { Environment } from '@core/config'
import { isCoreError } from '@core/foundation'
import { profileFile, readProfile } from '../profile.ts'
import { type Finding, fault, ok } from './finding.ts'

export function checkProfile(env: Environment): Finding {
  const file = profileFile(env)
  try {
    const { url, key, project } = readProfile(env)
    const parts = Object.entries({ url, key, project }).filter(([, value]) => value !== undefined)
    return ok(
      'profile',
      parts.length === 0 ? `none (${file})` : `${file} sets ${parts.map(([name]) => name).join(', ')}`,
    )
  } catch (error) {
    if (!isCoreError(error)) throw error
    return fault('profile', error.message, error.fix ?? `Correct ${file}.`)
  }
}
