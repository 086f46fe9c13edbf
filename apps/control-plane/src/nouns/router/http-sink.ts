import type { OutgoingHttpHeader } from 'node:http'
import type { Sink } from '@core/router'
import type { FastifyReply } from 'fastify'

export interface HttpSink extends Sink {
  /** Resolves when the answer is out, or its reader gone. */
  readonly ended: Promise<void>
}

/** A reader that takes nothing for so long is gone. */
const defaultStallMs = 30_000
/** A plain answer is written in pieces of this size: a slow reader is known from one that has stopped by each. */
const pieceBytes = 64 * 1024
const shortBytes = 16 * 1024

/** An answer over HTTP, written to the socket as it comes. */
export function createHttpSink(reply: FastifyReply, stallMs = defaultStallMs): HttpSink {
  return new ReplySink(reply, stallMs)
}

class ReplySink implements HttpSink {
  readonly gone: AbortSignal
  readonly ended: Promise<void>
  readonly #reply: FastifyReply
  readonly #raw: FastifyReply['raw']
  readonly #stallMs: number

  constructor(reply: FastifyReply, stallMs: number) {
    const { raw } = reply
    const left = new AbortController()
    this.gone = left.signal
    this.#reply = reply
    this.#raw = raw
    this.#stallMs = stallMs
    this.ended = new Promise((resolve) => {
      const onClose = () => {
        if (!raw.writableFinished) left.abort()
        resolve()
      }
      if (raw.destroyed) onClose()
      else raw.once('close', onClose)
    })
  }

  get hasBegun(): boolean {
    return this.#raw.headersSent
  }

  begin(headers: Readonly<Record<string, string>>): void {
    if (this.#raw.headersSent || this.gone.aborted) return
    const more = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
    this.#writeHead(200, headers, more)
    this.#raw.flushHeaders()
  }

  write(bytes: Uint8Array | string): Promise<void> | undefined {
    if (this.gone.aborted || this.#raw.writableEnded || !this.#raw.headersSent) return undefined
    return this.#raw.write(bytes) ? undefined : this.#untilDrained()
  }

  end(): void {
    if (!this.#raw.writableEnded) this.#finish()
  }

  send(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void {
    if (this.#raw.headersSent || this.gone.aborted) return
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    this.#writeHead(status, headers, { 'content-length': String(bytes.length) })
    if (bytes.length > pieceBytes) void this.#sendPieces(bytes)
    else this.#finish(bytes)
  }

  #writeHead(status: number, ...headers: readonly Readonly<Record<string, string>>[]): void {
    this.#reply.hijack()
    const all: NodeJS.Dict<OutgoingHttpHeader> = this.#reply.getHeaders()
    this.#raw.writeHead(status, Object.assign(all, ...headers))
  }

  async #untilDrained(): Promise<void> {
    const raw = this.#raw
    const drained = Promise.withResolvers<void>()
    const onDrain = () => drained.resolve()
    const timer = setTimeout(() => raw.destroy(), this.#stallMs)
    raw.once('drain', onDrain)
    // After the end of an answer there is no drain, but its close.
    raw.once('close', onDrain)
    try {
      await drained.promise
    } finally {
      clearTimeout(timer)
      raw.off('drain', onDrain)
      raw.off('close', onDrain)
    }
  }

  /** What is left in the buffer has the same time: no more writes will find out whether somebody reads. */
  #finish(rest?: Uint8Array): void {
    const raw = this.#raw
    // As text of the encoding that keeps bytes, a short answer leaves with its head in one piece.
    if (rest === undefined || rest.length > shortBytes) raw.end(rest)
    else raw.end(Buffer.from(rest.buffer, rest.byteOffset, rest.byteLength).toString('latin1'), 'latin1')
    if (raw.writableLength === 0) return
    const timer = setTimeout(() => raw.destroy(), this.#stallMs)
    raw.once('close', () => clearTimeout(timer))
  }

  async #sendPieces(body: Uint8Array): Promise<void> {
    let at = 0
    for (; body.length - at > pieceBytes && !this.gone.aborted; at += pieceBytes)
      if (!this.#raw.write(body.subarray(at, at + pieceBytes))) await this.#untilDrained()
    this.#finish(body.subarray(at))
  }
}
