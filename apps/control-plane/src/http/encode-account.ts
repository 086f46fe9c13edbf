import { routes } from '@core/api'

const accounts = /^(\/v1\/projects\/[^/?]+\/accounts\/)([^?]*\/[^?]*)(\?.*)?$/

/** What may come after the code of an account: `balance`, `history` … */
const endings: ReadonlySet<string> = new Set(
  routes.flatMap(({ path }: { readonly path: string }) => /\/accounts\/\{code\}\/(\w+)$/.exec(path)?.[1] ?? []),
)

/**
 * An address whose account code came with bare slashes, with them encoded again: nginx decodes `%2F` wherever
 * `proxy_pass` has a path. A last part that is an ending is one; an account that is named like it needs the encoded form.
 */
export function encodeAccount(url: string): string {
  if (!url.includes('/accounts/')) return url
  const [, before, rest = '', query = ''] = accounts.exec(url) ?? []
  if (before === undefined) return url
  const parts = rest.split('/')
  const ending = endings.has(parts.at(-1) ?? '') ? `/${parts.pop()}` : ''
  return `${before}${parts.join('%2F')}${ending}${query}`
}
