import { type Clock, CoreError, fetchDirectly, isObject } from '@core/foundation'
import { problemErrors } from '../generated/operations.ts'
import { createBackoff } from './backoff.ts'
import type { Channel } from './channel.ts'
import { readServerSentEvents, type ServerSentMessage } from './event-source.ts'
import { isEventFrame } from './read-frame.ts'
import { type ResyncReason, resyncReasons } from './resync-reason.ts'

export interface StreamLinkOptions {
  readonly url: string
  readonly key: string
  readonly project: string
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly random: () => number
}

/** A stream is silent for 20 seconds at most. */
const silenceMs = 60_000

/** Feeds one channel by server-sent events until the signal aborts, through any number of broken streams. */
export async function runStream(channel: Channel, signal: AbortSignal, options: StreamLinkOptions): Promise<void> {
  const { clock, random } = options
  const backoff = createBackoff(random)
  while (!signal.aborted && !channel.isEnded) {
    let askedMs: number | null | undefined
    try {
      for await (const message of openStream(channel, signal, options)) {
        backoff.reset()
        if (message.event === 'bye') {
          const { retryAfterMs, reason } = readBye(message.data)
          if (retryAfterMs === null) return channel.fail(new CoreError('E_UNAUTHENTICATED', reason))
          askedMs = retryAfterMs
          break
        }
        if (!take(channel, message)) break // no room: it comes again
        await channel.room()
      }
    } catch (error) {
      if (error instanceof CoreError && !error.retryable) return channel.fail(error)
    }
    await channel.room()
    await clock.sleep(backoff.nextMs(askedMs), { signal }).catch(() => undefined)
  }
}

async function* openStream(channel: Channel, signal: AbortSignal, options: StreamLinkOptions) {
  const { url, key, project, fetch: send } = options
  const cursor = channel.cursor()
  const address = new URL(`${url.replace(/\/+$/, '')}/v1/projects/${encodeURIComponent(project)}/events`)
  address.searchParams.set('topics', channel.topic)
  const headers = new Headers({ accept: 'text/event-stream', authorization: `Bearer ${key}` })
  if (cursor?.epoch !== undefined) headers.set('last-event-id', `${cursor.epoch}:${cursor.seq}`)
  else if (cursor !== undefined) address.searchParams.set('since', String(cursor.seq))
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silenceMs)
  try {
    const response = await fetchDirectly(send, address, {
      headers,
      signal: AbortSignal.any([signal, silence.signal]),
    })
    if (response.status !== 200 || response.body === null) throw toError(response.status, await response.text())
    const body = response.body
    const heard = (async function* () {
      for await (const chunk of body) {
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), silenceMs)
        yield chunk
      }
    })()
    yield* readServerSentEvents(heard)
  } finally {
    clearTimeout(timer)
    silence.abort() // lets go of a stream that was left in the middle
  }
}

function take(channel: Channel, { event, data }: ServerSentMessage): boolean {
  if (event === 'message') {
    const read: unknown = JSON.parse(data)
    if (!isEventFrame(read)) throw new TypeError('not an event of this version')
    const { op, ...frame } = read
    return channel.accept({ kind: 'event', ...frame })
  }
  const { epoch, seq, reason } = readStart(data)
  if (event === 'resync') return channel.accept({ kind: 'resync', epoch, seq, reason: reason ?? 'epoch' })
  channel.begin({ epoch, seq })
  return true
}

function readBye(text: string): { retryAfterMs: number | null; reason: string } {
  const bye: unknown = JSON.parse(text)
  const retryAfterMs = isObject(bye) ? bye['retryAfterMs'] : undefined
  if (!isObject(bye) || (retryAfterMs !== null && typeof retryAfterMs !== 'number')) throw new TypeError('not a bye')
  return { retryAfterMs, reason: String(bye['reason']) }
}

function readStart(text: string): { epoch: string; seq: number; reason: ResyncReason | undefined } {
  const start: unknown = JSON.parse(text)
  const { epoch, seq, reason } = isObject(start) ? { ...start } : {}
  if (typeof epoch !== 'string' || typeof seq !== 'number') throw new TypeError('not the start of a stream')
  return { epoch, seq, reason: isResyncReason(reason) ? reason : undefined }
}

function isResyncReason(value: unknown): value is ResyncReason {
  return typeof value === 'string' && Object.hasOwn(resyncReasons, value)
}

function toError(status: number, text: string): CoreError {
  try {
    const { code, detail, retryable } = Object(JSON.parse(text))
    const error = problemErrors[code]
    if (error !== undefined && typeof detail === 'string' && typeof retryable === 'boolean')
      return new CoreError(error, detail, { retryable, details: { status, code } })
  } catch {
    // No JSON: something between answered.
  }
  return new CoreError('E_DATABASE_UNAVAILABLE', `the control plane answered ${status}`)
}
