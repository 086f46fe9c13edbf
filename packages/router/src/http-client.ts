import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  type RequestOptions,
  request as requestPlain,
} from 'node:http'
import { request as requestSecure, Agent as SecureAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { urlToHttpOptions } from 'node:url'
import { TransportError } from './transport.ts'

/** Which addresses may be called. `check` throws; `lookupFor` resolves a name for a connection, or fails. */
export interface AddressCheck {
  check(url: URL): void
  lookupFor(url: URL): LookupFunction | undefined
}

export interface HttpClient {
  /** Posts a body; one attempt. @throws TransportError; what the guard throws. */
  post(url: string, request: PostRequest): Promise<IncomingMessage>
  /** Asks without a body; one attempt. @throws as `post`. */
  ask(method: 'GET' | 'DELETE', url: string, request: Omit<PostRequest, 'body'>): Promise<IncomingMessage>
  /** The same as `fetch`, for libraries that take one. */
  readonly fetch: typeof globalThis.fetch
}

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

interface Destination {
  readonly send: (options: RequestOptions) => ClientRequest
  readonly options: RequestOptions
}

/** As many addresses are remembered as a large installation has providers and operations. */
const maxDestinations = 1_000
const shortBytes = 16 * 1024
const notSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/**
 * HTTP to addresses that the guard lets pass. Connections are kept and have no time limits of their own: a model may think
 * for longer than such limits allow, and the router has its own. Redirects are answers like any other.
 */
export function createHttpClient(guard: AddressCheck): HttpClient {
  const kept = { keepAlive: true, maxFreeSockets: 64, scheduling: 'lifo' } as const
  const plain = new PlainAgent(kept)
  const secure = new SecureAgent(kept)
  const destinations = new Map<string, Destination>()

  function openDestination(text: string, method: string): Destination {
    const url = new URL(text)
    guard.check(url)
    const lookup = guard.lookupFor(url)
    const isSecure = url.protocol === 'https:'
    return {
      send: isSecure ? requestSecure : requestPlain,
      options: {
        ...urlToHttpOptions(url),
        method,
        agent: isSecure ? secure : plain,
        ...(lookup === undefined ? {} : { lookup }),
      },
    }
  }

  /** Where to post to. The guard judges an address by its text, so once is enough; names are resolved for each connection. */
  function toDestination(text: string): Destination {
    const known = destinations.get(text)
    if (known !== undefined) return known
    const destination = openDestination(text, 'POST')
    if (destinations.size >= maxDestinations) destinations.clear()
    destinations.set(text, destination)
    return destination
  }

  async function post(url: string, { headers, body, signal }: PostRequest): Promise<IncomingMessage> {
    const { send, options } = toDestination(url)
    const all = { ...headers, 'accept-encoding': 'identity', 'content-length': String(body.byteLength) }
    return await sendOnFresh(() => {
      const sent = send({ ...options, headers: all })
      const answer = answerOf(sent, signal)
      // As text of the encoding that keeps bytes, a short body leaves with its head in one piece.
      if (body.byteLength > shortBytes) sent.end(body)
      else sent.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'), 'latin1')
      return answer
    })
  }

  return {
    post,
    async ask(method, url, { headers, signal }) {
      const { send, options } = openDestination(url, method)
      const all = { ...headers, 'accept-encoding': 'identity' }
      return await sendOnFresh(() => {
        const sent = send({ ...options, headers: all })
        const answer = answerOf(sent, signal)
        sent.end()
        return answer
      })
    },
    async fetch(input, init) {
      const request = new Request(input, init)
      const answer = await post(request.url, {
        headers: Object.fromEntries(request.headers),
        body: new Uint8Array(await request.arrayBuffer()),
        signal: request.signal,
      })
      const headers = Object.entries(singleHeaders(answer)).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [[name, value]],
      )
      return new Response(Readable.toWeb(answer), { status: answer.statusCode ?? 502, headers })
    },
  }
}

function answerOf(sent: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    endWith(sent, signal)
    sent.once('response', resolve)
    sent.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : ''
      const isStale = sent.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')
      reject(isStale ? new StaleConnection() : new TransportError('it cannot be reached', !notSent.has(code)))
    })
  })
}

/** Ends a request with its signal. One that is complete stays as it is: its connection is between two calls, or in another. */
function endWith(sent: ClientRequest, signal: AbortSignal): void {
  let answer: IncomingMessage | undefined
  const end = () => {
    if (answer?.complete !== true) sent.destroy(new Error('the call was ended'))
  }
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  sent.once('response', (response) => {
    answer = response
  })
  sent.once('close', () => signal.removeEventListener('abort', end))
}

/** The provider has closed a kept connection while the request was on its way. */
class StaleConnection extends TransportError {
  constructor() {
    super('the connection was closed', true)
  }
}

const maxStale = 3

/** Each attempt takes a stale connection out of the pool; a provider that closes fresh ones is a failure. */
async function sendOnFresh<Value>(send: () => Promise<Value>): Promise<Value> {
  for (let stale = 0; ; stale++) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof StaleConnection) || stale >= maxStale) throw error
    }
  }
}

/** Without Set-Cookie, the one header whose values Node does not join: no client of a gateway may see it. */
export function singleHeaders({ headers }: IncomingMessage): Readonly<Record<string, string | undefined>> {
  if (areSingle(headers)) return headers
  const single: Record<string, string | undefined> = {}
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'string') single[name] = value
  }
  return single
}

function areSingle(headers: IncomingMessage['headers']): headers is Record<string, string | undefined> {
  return headers['set-cookie'] === undefined
}
