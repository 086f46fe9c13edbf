import type { AnswerCache, CachedAnswer } from './answer-cache.ts'
import type { CallRecord, ModelRequest } from './call.ts'
import { hashOfRequest } from './hash-of.ts'
import type { Sink } from './sink.ts'

const maxCachedLength = 256 * 1024

/** Serves the cached answer, or the call, whose whole answer is cached. Undefined where the cache answered. */
export async function serveCached(
  request: ModelRequest,
  sink: Sink,
  cache: AnswerCache,
  serve: (sink: Sink) => Promise<CallRecord>,
): Promise<CallRecord | undefined> {
  const { project } = request.caller
  const name = { project, requestHash: hashOfRequest(request) }
  const cached = await cache.get(name).catch(() => undefined)
  if (cached !== undefined) {
    replay(cached, sink)
    return undefined
  }
  const copy = createCopy(sink)
  const record = await serve(copy.sink)
  const answer = copy.taken()
  const isWhole = record.status === 200 && !record.flags.some((flag) => flag === 'broken' || flag === 'client_gone')
  if (isWhole && answer !== undefined && record.target !== null)
    await cache.set(name, { ...answer, target: record.target }, request.cacheSeconds ?? 0).catch(() => undefined)
  return record
}

function replay({ isStream, contentType, text, target }: CachedAnswer, sink: Sink): void {
  const headers = { 'core-cache': 'hit', 'core-target': target, 'core-cost-micro-credits': '0' }
  if (!isStream) {
    sink.send(200, { 'content-type': contentType, ...headers }, text)
    return
  }
  sink.begin(headers)
  void sink.write(text)
  sink.end()
}

/** Passes everything on, and remembers it as far as it is not too long. */
function createCopy(sink: Sink) {
  let text: string | undefined = ''
  let sent: { readonly contentType: string; readonly text: string } | undefined
  const copied: Sink = {
    gone: sink.gone,
    get hasBegun() {
      return sink.hasBegun
    },
    begin: (headers) => sink.begin(headers),
    write(bytes) {
      const piece = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()
      // Comments are of this call: its waiting and its cost.
      if (text !== undefined && !piece.startsWith(':')) text += piece
      if (text !== undefined && text.length > maxCachedLength) text = undefined
      return sink.write(bytes)
    },
    end: () => sink.end(),
    send(status, headers, body) {
      if (body.length <= maxCachedLength)
        sent = { contentType: headers['content-type'] ?? 'application/json', text: Buffer.from(body).toString() }
      sink.send(status, headers, body)
    },
  }
  return {
    sink: copied,
    taken(): Omit<CachedAnswer, 'target'> | undefined {
      if (sent !== undefined) return { isStream: false, ...sent }
      return text === undefined || text === '' ? undefined : { isStream: true, contentType: 'text/event-stream', text }
    },
  }
}
