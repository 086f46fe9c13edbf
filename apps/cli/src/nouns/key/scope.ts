import { isScope, type Scope } from '@core/api'
import { CoreError } from '@core/foundation'

/** A scope as somebody typed it. @throws CoreError E_INVALID */
export function toScope(text: string): Scope {
  const scope = text.trim()
  if (isScope(scope)) return scope
  throw new CoreError('E_INVALID', `${JSON.stringify(scope)} is not a scope`, {
    fix: 'Scopes are noun:verb, such as ledger:read; core scopes lists them all.',
  })
}
