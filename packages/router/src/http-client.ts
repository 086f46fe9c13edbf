import type { LookupFunction } from 'node:net'
import { HttpConnections } from './http-connections.ts'
import { type HttpAnswer, HttpExchange } from './http-exchange.ts'

/** Which addresses may be called. `check` throws; `lookupFor` resolves a name for a connection, or fails. */
export interface AddressCheck {
  check(url: URL): void
  lookupFor(url: URL): LookupFunction | undefined
}

export interface HttpClient {
  /** Posts a body; one attempt. @throws TransportError; what the guard throws. */
  post(url: string, request: PostRequest): Promise<HttpAnswer>
  /** Asks without a body; one attempt. @throws as `post`. */
  ask(method: 'GET' | 'DELETE', url: string, request: Omit<PostRequest, 'body'>): Promise<HttpAnswer>
  /** The same as `fetch`, for libraries that take one. */
  readonly fetch: typeof globalThis.fetch
}

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

type Method = 'GET' | 'POST' | 'DELETE'

interface Destination {
  readonly connections: HttpConnections
  readonly path: string
}

/** As many addresses are remembered as a large installation has providers and operations. */
const maxDestinations = 1_000
/** Each attempt takes a stale connection out of those that are kept; a provider that closes fresh ones is a failure. */
const maxStale = 3

/**
 * HTTP to addresses that the guard lets pass. Connections are kept, and what is asked on them has no time limits of its own:
 * a model may think for longer than such limits allow, and the router has its own. Redirects are answers like any other.
 */
export function createHttpClient(guard: AddressCheck): HttpClient {
  const destinations = new Map<string, Destination>()
  const origins = new Map<string, HttpConnections>()

  function openDestination(text: string): Destination {
    const url = new URL(text)
    guard.check(url)
    const connections = origins.get(url.origin) ?? new HttpConnections(url.origin, guard.lookupFor(url))
    if (origins.size >= maxDestinations) origins.clear()
    origins.set(url.origin, connections)
    return { connections, path: `${url.pathname}${url.search}` }
  }

  /** Where to post to. The guard judges an address by its text, so once is enough; names are resolved for each connection. */
  function toDestination(text: string): Destination {
    const known = destinations.get(text)
    if (known !== undefined) return known
    const destination = openDestination(text)
    if (destinations.size >= maxDestinations) destinations.clear()
    destinations.set(text, destination)
    return destination
  }

  async function send(
    { connections, path }: Destination,
    { headers, signal, ...rest }: Omit<PostRequest, 'body'> & { readonly method: Method; readonly body?: Uint8Array },
  ): Promise<HttpAnswer> {
    const options = { ...rest, path, headers: { ...headers, 'accept-encoding': 'identity' } }
    for (let stale = 0; ; stale++) {
      const connection = connections.take()
      const exchange = new HttpExchange(connection, signal)
      connection.dispatch(options, exchange)
      try {
        return await exchange.answer
      } catch (error) {
        if (!exchange.isStale || stale >= maxStale) throw error
      }
    }
  }

  const post: HttpClient['post'] = (url, request) => send(toDestination(url), { method: 'POST', ...request })

  return {
    post,
    ask: async (method, url, request) => await send(openDestination(url), { method, ...request }),
    async fetch(input, init) {
      const request = new Request(input, init)
      const { status, headers, body } = await post(request.url, {
        headers: Object.fromEntries(request.headers),
        body: new Uint8Array(await request.arrayBuffer()),
        signal: request.signal,
      })
      return new Response(ReadableStream.from(body), { status, headers })
    },
  }
}
