import type { Usage } from '@core/providers/price'
import type { Operation } from './read-request.ts'
import type { Provider, Target } from './routing.ts'

/** One request to a provider, in the dialect of the client. */
export interface UpstreamRequest {
  readonly target: Target
  readonly operation: Operation
  readonly body: Uint8Array
  readonly contentType: string
  readonly isStream: boolean
  /** Of the client, those that may pass. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export interface UpstreamResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: AsyncIterable<Uint8Array>
  /**
   * The whole body instead, where the transport has a cheaper way than its chunks; undefined where it is longer.
   * @throws CutBody where it ended too early.
   */
  readonly readAll?: (maxBytes: number) => Promise<Uint8Array | undefined>
  /**
   * Of a translated answer: what the provider counted, once the body has ended; undefined where it said nothing. The
   * answer's own usage is not read then, for no dialect has words for every unit.
   */
  readonly counted?: () => Usage | undefined
}

/**
 * Sends a request to a provider; one attempt, ended by the signal. A rejection with `sent: false` says that the provider
 * cannot have read anything.
 */
export type Transport = (request: UpstreamRequest) => Promise<UpstreamResponse>

/** The same, with the key of the provider: undefined where it has none. */
export type SendWithKey = (request: UpstreamRequest, key: string | undefined) => Promise<UpstreamResponse>

export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly isSent: boolean
  /** `auth`: the gateway has no key that could be sent. */
  readonly fault: 'auth' | 'unavailable'

  constructor(message: string, isSent: boolean, fault: 'auth' | 'unavailable' = 'unavailable') {
    super(message)
    this.isSent = isSent
    this.fault = fault
  }
}

/** A body that ended before its end. */
export class CutBody extends Error {
  override readonly name = 'CutBody'
  /** That came. */
  readonly bytes: number

  constructor(bytes: number) {
    super('the answer was cut')
    this.bytes = bytes
  }
}

/** Which transport serves a provider in an operation; undefined where none can. */
export type FindTransport = (provider: Provider, operation: Operation) => Transport | undefined

export const pathsOf: Readonly<Record<Operation, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  embeddings: '/embeddings',
  transcription: '/audio/transcriptions',
  messages: '/messages',
}
