import { hash } from 'node:crypto'
import { isLoginToken } from '@core/api'
import { isLoopback } from '../process/loopback.ts'

/** What decides whether a cookie counts. */
export interface CookieRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface LoginCookie {
  /** The token of a request's cookie; undefined where it has none or it does not count. */
  read(request: CookieRequest): string | undefined
  /** Whether a request with effect was made by a page of this server. */
  isOwnPage(request: CookieRequest): boolean
  /** The header that keeps a token in the browser. */
  keep(token: string, maxAgeSeconds: number): string
  /** The header that removes it. */
  remove(): string
  flow: {
    read(request: CookieRequest, state: string): string | undefined
    /** The headers that keep one more sign-in under way; of more than four in this browser the oldest go. */
    keep(request: CookieRequest, flow: KeptFlow): string[]
    remove(state: string): string
  }
}

export interface KeptFlow {
  readonly state: string
  readonly sealed: string
  readonly startedAtMs: number
  readonly maxAgeSeconds: number
}

const flowsOfBrowser = 4

/**
 * The cookie of a login. Cookies know no ports, and SameSite compares no more than the site: a page on another port of
 * 127.0.0.1 sends a Strict cookie with POST and WebSocket, and may set one of the same name. So the name has this server's
 * address in it, `__Host-` lets no other host or path set it, and it counts only where the browser says that the request
 * came from a page of this very origin. What a page of another origin sends is a request without a credential.
 */
export function createLoginCookie(publicUrl: () => string): LoginCookie {
  const instance = () => hash('sha256', publicUrl()).slice(0, 8)
  const nameOf = () => `__Host-core_login_${instance()}`
  const flowPrefix = () => `__Host-core_flow_${instance()}_`
  const flowNameOf = (state: string) => `${flowPrefix()}${hash('sha256', state).slice(0, 8)}`

  function isOwnPage({ headers }: CookieRequest): boolean {
    const own = ownOrigin(headers['host'], publicUrl())
    return own !== undefined && headers['origin'] === own && headers['sec-fetch-site'] === 'same-origin'
  }

  function counts(request: CookieRequest): boolean {
    const { method, headers } = request
    const own = ownOrigin(headers['host'], publicUrl())
    const isUpgrade = headers['upgrade'] !== undefined
    // Chromium sends it with no WebSocket; it sends the Origin, which no page can set, with each.
    const isSaidSame =
      headers['sec-fetch-site'] === 'same-origin' || (isUpgrade && headers['sec-fetch-site'] === undefined)
    if (own === undefined || !isSaidSame) return false
    const isSafe = (method === 'GET' || method === 'HEAD') && !isUpgrade
    return headers['origin'] === own || (isSafe && headers['origin'] === undefined)
  }

  return {
    isOwnPage,
    read(request) {
      if (request.headers['cookie'] === undefined || !counts(request)) return undefined
      const token = readCookie(request, nameOf())
      return token !== undefined && isLoginToken(token) ? token : undefined
    },
    keep: (token, maxAgeSeconds) => toHeader(nameOf(), token, 'Strict', maxAgeSeconds),
    remove: () => toHeader(nameOf(), '', 'Strict', 0),
    flow: {
      read: (request, state) => readCookie(request, flowNameOf(state))?.replace(/^\d+:/, ''),
      // The issuer's page leads back here, which a Strict cookie would not survive.
      keep(request, { state, sealed, startedAtMs, maxAgeSeconds }) {
        const own = flowNameOf(state)
        const others = readPairs(request).filter(([name]) => name.startsWith(flowPrefix()) && name !== own)
        const newestFirst = others.toSorted(([, one], [, other]) => startOf(other) - startOf(one))
        return [
          toHeader(own, `${startedAtMs}:${sealed}`, 'Lax', maxAgeSeconds),
          ...newestFirst.slice(flowsOfBrowser - 1).map(([name]) => toHeader(name, '', 'Lax', 0)),
        ]
      },
      remove: (state) => toHeader(flowNameOf(state), '', 'Lax', 0),
    },
  }
}

/** The origin of this server as the request names it; undefined for a name that is not its own, as in DNS rebinding. */
function ownOrigin(host: unknown, publicUrl: string): string | undefined {
  if (typeof host !== 'string' || !URL.canParse(`http://${host}`)) return undefined
  const known = new URL(publicUrl)
  if (host.toLowerCase() === known.host) return known.origin
  const { hostname, origin } = new URL(`http://${host}`)
  return isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')) ? origin : undefined
}

/** Undefined where the name is there twice: one of them was not set here. */
function readCookie(request: CookieRequest, name: string): string | undefined {
  const values = readPairs(request).flatMap(([found, value]) => (found === name ? [value] : []))
  return values.length === 1 && values[0] !== '' ? values[0] : undefined
}

/** The names, each a token as they are set here, and values of all cookies. */
function readPairs({ headers }: CookieRequest): [name: string, value: string][] {
  const pairs = String(headers['cookie'] ?? '').split(/; */)
  return pairs.flatMap((pair): [string, string][] => {
    const [, name, value] = /^([\w-]+)=(.*)$/s.exec(pair) ?? []
    return name === undefined || value === undefined ? [] : [[name, value]]
  })
}

/** When a sign-in began; 0 for one that was not kept here. */
function startOf(value: string): number {
  return Number(/^(\d{1,15}):/.exec(value)?.[1] ?? 0)
}

function toHeader(name: string, value: string, sameSite: 'Strict' | 'Lax', maxAgeSeconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; Secure; SameSite=${sameSite}`
}
