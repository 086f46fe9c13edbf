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
  const { raw } = reply
  const left = new AbortController()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const onClose = () => {
    if (!raw.writableFinished) left.abort()
    resolve()
  }
  if (raw.destroyed) onClose()
  else raw.once('close', onClose)

  function head(status: number, headers: Readonly<Record<string, string>>): void {
    reply.hijack()
    const all: NodeJS.Dict<OutgoingHttpHeader> = reply.getHeaders()
    raw.writeHead(status, Object.assign(all, headers))
  }

  async function untilDrained(): Promise<void> {
    const drained = Promise.withResolvers<void>()
    const onDrain = () => drained.resolve()
    const timer = setTimeout(() => raw.destroy(), stallMs)
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
  function finish(rest?: Uint8Array): void {
    // As text of the encoding that keeps bytes, a short answer leaves with its head in one piece.
    if (rest === undefined || rest.length > shortBytes) raw.end(rest)
    else raw.end(Buffer.from(rest.buffer, rest.byteOffset, rest.byteLength).toString('latin1'), 'latin1')
    if (raw.writableLength === 0) return
    const timer = setTimeout(() => raw.destroy(), stallMs)
    raw.once('close', () => clearTimeout(timer))
  }

  async function sendPieces(body: Uint8Array): Promise<void> {
    let at = 0
    for (; body.length - at > pieceBytes && !left.signal.aborted; at += pieceBytes)
      if (!raw.write(body.subarray(at, at + pieceBytes))) await untilDrained()
    finish(body.subarray(at))
  }

  return {
    gone: left.signal,
    ended,
    get hasBegun() {
      return raw.headersSent
    },
    begin(headers) {
      if (raw.headersSent || left.signal.aborted) return
      head(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
      raw.flushHeaders()
    },
    write(bytes) {
      if (left.signal.aborted || raw.writableEnded || !raw.headersSent) return undefined
      return raw.write(bytes) ? undefined : untilDrained()
    },
    end() {
      if (!raw.writableEnded) finish()
    },
    send(status, headers, body) {
      if (raw.headersSent || left.signal.aborted) return
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      head(status, { ...headers, 'content-length': String(bytes.length) })
      if (bytes.length > pieceBytes) void sendPieces(bytes)
      else finish(bytes)
    },
  }
}
