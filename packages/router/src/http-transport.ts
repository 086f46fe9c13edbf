import type { IncomingMessage } from 'node:http'
import { type HttpClient, singleHeaders } from './http-client.ts'
import type { Dialect, Provider } from './routing.ts'
import { CutBody, pathsOf, type Transport } from './transport.ts'

export interface HttpTransportOptions {
  readonly client: HttpClient
  /** The key of a provider, as it is when the call begins. */
  readonly keyOf: (provider: Provider) => Promise<string | undefined>
}

const anthropicVersion = '2023-06-01'

/** Passes calls on to a provider that speaks the dialect of the client: bytes as they are. */
export function createHttpTransport(dialect: Dialect, { client, keyOf }: HttpTransportOptions): Transport {
  return async (call) => {
    const { provider } = call.target
    const response = await client.post(`${provider.baseUrl}${pathsOf[call.operation]}`, {
      headers: {
        ...call.headers,
        ...credentials(dialect, await keyOf(provider)),
        accept: call.isStream ? 'text/event-stream' : 'application/json',
        'content-type': call.contentType,
      },
      body: call.body,
      signal: call.signal,
    })
    return {
      status: response.statusCode ?? 0,
      headers: singleHeaders(response),
      body: chunksOf(response),
      readAll: (maxBytes) => readAll(response, maxBytes),
    }
  }
}

/** How long the end of a body is waited for, of which nothing more is needed. */
const leftoverMs = 1_000

/** The chunks of a body. Where the reader stops, the rest is read away, so that the connection serves the next call. */
async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* response.iterator({ destroyOnReturn: false })
  } finally {
    if (!response.readableEnded && !response.destroyed) {
      const timer = setTimeout(() => response.destroy(), leftoverMs).unref()
      response.once('close', () => clearTimeout(timer)).resume()
    }
  }
}

/** By its events: iterating over a body costs several times as much, and a plain answer is mostly one chunk. */
function readAll(response: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let isEnded = false
    // Of a body that came whole nothing is made here: an error costs more than the rest of the reading.
    const cut = () => {
      if (!isEnded) reject(new CutBody(size))
    }
    if (response.closed) cut()
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size <= maxBytes) return
      isEnded = true
      resolve(undefined)
      response.destroy()
    })
    response.once('end', () => {
      const [first] = chunks
      if (!response.complete) return cut()
      isEnded = true
      resolve(chunks.length === 1 ? first : Buffer.concat(chunks))
    })
    response.on('error', cut)
    response.once('close', cut)
  })
}

export function credentials(dialect: Dialect, key: string | undefined): Record<string, string> {
  if (dialect === 'openai') return key === undefined ? {} : { authorization: `Bearer ${key}` }
  return { 'anthropic-version': anthropicVersion, ...(key === undefined ? {} : { 'x-api-key': key }) }
}
