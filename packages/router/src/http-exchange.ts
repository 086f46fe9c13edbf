import type { Dispatcher } from 'undici'
import type { HttpConnection } from './http-connections.ts'
import { CutBody, TransportError, type UpstreamResponse } from './transport.ts'

export interface HttpAnswer extends UpstreamResponse {
  readonly headers: Readonly<Record<string, string>>
  readonly readAll: (maxBytes: number) => Promise<Uint8Array | undefined>
}

/** A body that is not read as fast as it comes is kept up to this size; then its provider waits. */
const maxWaitingBytes = 256 * 1024
/** How long the end of a body is waited for, of which nothing more is needed. */
const leftoverMs = 1_000

/** One request and its answer, on one connection that serves the next call once the answer is whole. */
export class HttpExchange implements Dispatcher.DispatchHandler, HttpAnswer {
  status = 0
  headers: HttpAnswer['headers'] = {}
  readonly answer: Promise<HttpAnswer>
  readonly #answered = Promise.withResolvers<HttpAnswer>()
  readonly #connection: HttpConnection
  readonly #signal: AbortSignal
  #controller: Dispatcher.DispatchController | undefined
  #hasHead = false
  #state: 'open' | 'whole' | 'cut' = 'open'
  #error: Error | undefined
  #chunks: Uint8Array[] = []
  #waitingBytes = 0
  #size = 0
  /** What is left of a body is read away, or all of it is wanted at once. */
  #isFlowing = false
  #isUnwanted = false
  #wake: (() => void) | undefined

  constructor(connection: HttpConnection, signal: AbortSignal) {
    this.answer = this.#answered.promise
    this.#connection = connection
    this.#signal = signal
    signal.addEventListener('abort', this.#abort, { once: true })
    if (signal.aborted) this.#abort()
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#read()
  }

  /** The provider has closed a kept connection while the request was on its way. */
  get isStale(): boolean {
    return !this.#hasHead && this.#connection.isReused && !this.#signal.aborted && isClosing(this.#error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) this.#abort()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // Those before the answer say nothing of it.
    if (status < 200) return
    this.#hasHead = true
    this.status = status
    this.headers = singleHeaders(headers)
    this.#answered.resolve(this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isUnwanted) return
    this.#chunks.push(chunk)
    this.#size += chunk.length
    this.#waitingBytes += chunk.length
    if (!this.#isFlowing && this.#waitingBytes >= maxWaitingBytes) controller.pause()
    this.#wake?.()
  }

  onResponseEnd(): void {
    this.#end('whole')
    this.#connection.release()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#error = error
    this.#end('cut')
    this.#connection.discard()
    this.#answered.reject(new TransportError('it cannot be reached', this.#controller !== undefined))
  }

  #end(state: 'whole' | 'cut'): void {
    this.#state = state
    this.#signal.removeEventListener('abort', this.#abort)
    this.#wake?.()
  }

  readonly #abort = (): void => {
    // Before its connection is there nothing can be ended, and nothing is waited for.
    if (this.#controller === undefined) this.#answered.reject(new TransportError('the call was ended', false))
    else this.#controller.abort(new Error('the call was ended'))
  }

  /** The chunks of a body. Where the reader stops, the rest is read away, so that the connection serves the next call. */
  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunks = this.#chunks
        this.#chunks = []
        yield* chunks
        if (this.#chunks.length > 0) continue
        if (this.#state === 'whole') return
        if (this.#state === 'cut') throw new CutBody(this.#size)
        await this.#more()
      }
    } finally {
      if (this.#state === 'open') this.#dropRest()
    }
  }

  /** More of the body, or its end. */
  async #more(): Promise<void> {
    this.#waitingBytes = 0
    this.#controller?.resume()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }

  #dropRest(): void {
    this.#isUnwanted = true
    this.#controller?.resume()
    const timer = setTimeout(() => this.#abort(), leftoverMs).unref()
    this.#wake = () => {
      if (this.#state !== 'open') clearTimeout(timer)
    }
  }

  async readAll(maxBytes: number): Promise<Uint8Array | undefined> {
    this.#isFlowing = true
    while (this.#state === 'open' && this.#size <= maxBytes) await this.#more()
    if (this.#size > maxBytes) {
      if (this.#state === 'open') this.#abort()
      return undefined
    }
    if (this.#state === 'cut') throw new CutBody(this.#size)
    const [first] = this.#chunks
    return this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
  }
}

function isClosing(error: Error | undefined): boolean {
  const code = error !== undefined && 'code' in error ? error.code : undefined
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Without Set-Cookie: no client of a gateway may see it. */
function singleHeaders(headers: AnswerHeaders): Readonly<Record<string, string>> {
  const single: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && name !== 'set-cookie')
      single[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return single
}
