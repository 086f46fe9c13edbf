import { routes } from '@core/api'

const accounts = /^(\/v1\/projects\/[^/?]+\/accounts\/)([^?]*\/[^?]*)(\?.*)?$/

/** What may come after the code of an account, the longest first: `budgets/{budget}`, `balance`, `history` … */
const endings: readonly (readonly string[])[] = routes
  .flatMap(({ path }: { readonly path: string }) => /\/accounts\/\{code\}\/(.+)$/.exec(path)?.[1] ?? [])
  .map((ending) => ending.split('/'))
  .toSorted((a, b) => b.length - a.length)

/**
 * An address whose account code came with bare slashes, with them encoded again: nginx decodes `%2F` wherever
 * `proxy_pass` has a path. Last parts that are an ending are one; an account that is named like it needs the encoded form.
 */
export function encodeAccount(url: string): string {
  if (!url.includes('/accounts/')) return url
  const [, before, rest = '', query = ''] = accounts.exec(url) ?? []
  if (before === undefined) return url
  const parts = rest.split('/')
  const code = parts.slice(0, parts.length - endingOf(parts))
  return `${[before + code.join('%2F'), ...parts.slice(code.length)].join('/')}${query}`
}

/** How many of the last parts are an ending. */
function endingOf(parts: readonly string[]): number {
  const found = endings.find((ending) => {
    const last = parts.slice(-ending.length)
    return parts.length > ending.length && ending.every((part, index) => part.startsWith('{') || part === last[index])
  })
  return found?.length ?? 0
}
