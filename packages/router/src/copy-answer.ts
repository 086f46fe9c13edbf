import { textOf } from './read-body.ts'
import type { Sink } from './sink.ts'

export interface CopiedAnswer {
  readonly isStream: boolean
  readonly contentType: string
  /** Of a stream: its events as they were sent, without comments, which are of one call: its waiting and its cost. */
  readonly text: string
  /** It was longer, and the rest is not here. */
  readonly isCut: boolean
}

/** Passes everything on, and remembers it up to `most` characters. */
export function copyAnswer(sink: Sink, most: number) {
  let text = ''
  let isCut = false
  let sent: CopiedAnswer | undefined
  const copying: Sink = {
    gone: sink.gone,
    get hasBegun() {
      return sink.hasBegun
    },
    begin: (headers) => sink.begin(headers),
    write(bytes) {
      const piece = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()
      if (!isCut && !piece.startsWith(':')) {
        isCut = text.length + piece.length > most
        text += piece.slice(0, most - text.length)
      }
      return sink.write(bytes)
    },
    end: () => sink.end(),
    send(status, headers, body) {
      // No more of it is read than is kept: a character has three bytes at most, and an answer may have 64 MiB.
      const read = typeof body === 'string' ? body : textOf(body.subarray(0, 3 * most))
      sent = {
        isStream: false,
        contentType: headers['content-type'] ?? 'application/json',
        text: read.slice(0, most),
        isCut: Math.max(read.length, body.length / 3) > most,
      }
      sink.send(status, headers, body)
    },
  }
  return {
    sink: copying,
    /** Undefined where nothing was answered. */
    taken(): CopiedAnswer | undefined {
      if (sent !== undefined || text === '') return sent
      return { isStream: true, contentType: 'text/event-stream', text, isCut }
    },
  }
}
