import { type Clock, CoreError } from '@core/foundation'
import { z } from 'zod'
import { problemSchema } from '../contract/problem.ts'
import { problems } from '../nouns.ts'
import { createBackoff } from './backoff.ts'
import type { Channel } from './channel.ts'
import { readServerSentEvents, type ServerSentMessage } from './event-source.ts'
import { eventFrameSchema, type ResyncReason, resyncReasons } from './frame.ts'

export interface StreamLinkOptions {
  readonly url: string
  readonly key: string
  readonly project: string
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly random: () => number
}

const startSchema = z.object({
  epoch: z.string(),
  seq: z.int(),
  reason: z.enum(Object.keys(resyncReasons) as [ResyncReason, ...ResyncReason[]]).optional(),
})
const byeSchema = z.object({ retryAfterMs: z.number().nullable(), reason: z.string() })

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
          const { retryAfterMs, reason } = byeSchema.parse(JSON.parse(message.data))
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
    const response = await send(address, {
      headers,
      signal: AbortSignal.any([signal, silence.signal]),
      redirect: 'error',
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
    const { op, ...frame } = eventFrameSchema.parse(JSON.parse(data))
    return channel.accept({ kind: 'event', ...frame })
  }
  const { epoch, seq, reason } = startSchema.parse(JSON.parse(data))
  if (event === 'resync') return channel.accept({ kind: 'resync', epoch, seq, reason: reason ?? 'epoch' })
  channel.begin({ epoch, seq })
  return true
}

function toError(status: number, text: string): CoreError {
  try {
    const { code, detail, retryable } = problemSchema.parse(JSON.parse(text))
    return new CoreError(problems[code].error, detail, { retryable, details: { status, code } })
  } catch (cause) {
    return new CoreError('E_DATABASE_UNAVAILABLE', `the control plane answered ${status}`, { cause })
  }
}
