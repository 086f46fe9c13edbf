import type { AnswerCache, CachedAnswer } from './answer-cache.ts'
import type { CallRecord } from './call.ts'
import { chargeHit } from './charge-hit.ts'
import { type CopiedAnswer, copyAnswer } from './copy-answer.ts'
import { hashOfRequest } from './hash-of.ts'
import type { ResolvedCall } from './resolve-call.ts'
import type { CallService } from './serve-call.ts'
import type { Sink } from './sink.ts'
import { toHeaderText } from './to-header-text.ts'

const maxCachedLength = 256 * 1024

/** Serves the cached answer, charged as its route says, or the call, whose whole answer is cached. */
export async function serveCached(
  resolved: ResolvedCall,
  sink: Sink,
  cache: AnswerCache,
  service: CallService,
  serve: (sink: Sink) => Promise<CallRecord>,
): Promise<CallRecord> {
  const { request } = resolved
  const name = { project: request.caller.project, requestHash: hashOfRequest(request) }
  const cached = await cache.get(name).catch(() => undefined)
  if (cached !== undefined) {
    const record = await chargeHit(resolved, cached, service)
    replay(cached, sink, record.charged)
    return record
  }
  const held = holdEnd(sink)
  try {
    const copy = copyAnswer(held.sink, maxCachedLength)
    const record = await serve(copy.sink)
    await keep(record, copy.taken())
    return record
  } finally {
    held.release()
  }

  async function keep({ target, model, charged: cost, status, flags }: CallRecord, answer: CopiedAnswer | undefined) {
    const isWhole = status === 200 && !flags.some((flag) => flag === 'broken' || flag === 'client_gone')
    if (!isWhole || answer === undefined || answer.isCut || target === null || model === null) return
    const { isStream, contentType, text } = answer
    const seconds = request.cacheSeconds ?? 0
    await cache.set(name, { isStream, contentType, text, target, model, cost }, seconds).catch(() => undefined)
  }
}

/** Ends an answer when it is cached: who has read it and asks again gets it from there. */
function holdEnd(sink: Sink): { readonly sink: Sink; release(): void } {
  const ends: (() => void)[] = []
  return {
    sink: {
      gone: sink.gone,
      get hasBegun() {
        return sink.hasBegun
      },
      begin: (headers) => sink.begin(headers),
      write: (bytes) => sink.write(bytes),
      end: () => void ends.push(() => sink.end()),
      send: (...answer) => void ends.push(() => sink.send(...answer)),
    },
    release() {
      for (const end of ends) end()
    },
  }
}

function replay({ isStream, contentType, text, target }: CachedAnswer, sink: Sink, charged: number): void {
  const headers = {
    'core-cache': 'hit',
    'core-target': toHeaderText(target),
    'core-cost-micro-credits': String(charged),
  }
  if (!isStream) {
    sink.send(200, { 'content-type': contentType, ...headers }, text)
    return
  }
  sink.begin(headers)
  void sink.write(text)
  sink.end()
}
