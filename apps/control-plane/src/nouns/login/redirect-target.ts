import { ProblemError } from '../../http/problem-error.ts'
import { isLoopback } from '../../process/loopback.ts'

export interface RedirectRules {
  readonly origins: readonly string[]
  /** Whether a program on the person's own machine waits there with a verifier, which makes a loopback address safe. */
  readonly isForCommand: boolean
}

/**
 * Where a person goes after the sign-in: a path of this server, an address of a listed origin, or of a command's own
 * listener. @throws ProblemError invalid for any other, so that no link makes the sign-in lead to a foreign page.
 */
export function requireRedirectTarget(target: string, { origins, isForCommand }: RedirectRules): string {
  if (isPlain(target)) {
    const isPath = /^\/(?!\/)/.test(target)
    if (isPath || isListed(target, origins) || (isForCommand && isListener(target))) return target
  }
  const message = 'must be a path of this server or an address of an origin in CORE_AUTH_REDIRECT_ORIGINS'
  throw new ProblemError('invalid', `query.redirectTo: ${message}`, {
    errors: [{ location: 'query.redirectTo', message }],
  })
}

/** Browsers read a backslash as a slash, and skip control characters, which also end a header. */
function isPlain(target: string): boolean {
  return /^[!-[\]-~]{1,2000}$/.test(target)
}

function isListed(target: string, origins: readonly string[]): boolean {
  if (!URL.canParse(target)) return false
  const { origin, username, password } = new URL(target)
  return origins.includes(origin) && username === '' && password === ''
}

function isListener(target: string): boolean {
  if (target.length > 200 || !URL.canParse(target)) return false
  const { protocol, hostname, username, password } = new URL(target)
  return protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')) && username === '' && password === ''
}
