import { type Capability, isCapability } from '@core/api'
import { CoreError } from '@core/foundation'

/** A scope as somebody typed it. @throws CoreError E_INVALID */
export function toCapability(text: string): Capability {
  const scope = text.trim()
  if (isCapability(scope)) return scope
  throw new CoreError('E_INVALID', `${JSON.stringify(scope)} is not a scope`, {
    fix: 'Scopes are noun:verb, such as ledger:read; core scopes lists them all.',
  })
}
