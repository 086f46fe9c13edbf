import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { toStorableText } from '@core/foundation'
import type { AddressGuard } from '../../http/address-guard.ts'

export interface EventPost {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly guard: AddressGuard
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface PostOutcome {
  readonly delivered: boolean
  /** Null without an answer. */
  readonly status: number | null
  /** What went wrong, in words for the owner of the webhook; null where it was delivered. */
  readonly error: string | null
  /** The receiver's Retry-After in seconds, where it sent one. */
  readonly retryAfterSeconds: number | null
}

const longestRetryAfterSeconds = 3600

/** Sends one event. Never throws: what goes wrong is the outcome. Redirects are not followed, answers not read. */
export async function postEvent({
  url: text,
  headers,
  body,
  guard,
  timeoutMs,
  signal,
}: EventPost): Promise<PostOutcome> {
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    const url = new URL(text)
    guard.check(url)
    const lookup = guard.lookupFor(url)
    const request = url.protocol === 'https:' ? requestSecure : requestPlain
    const { status, retryAfter } = await new Promise<{ status: number; retryAfter: string | undefined }>(
      (resolve, reject) => {
        const sent = request(url, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
          signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
          agent: false, // a receiver keeps no connection of this process
          ...(lookup === undefined ? {} : { lookup }),
        })
        sent.once('error', reject)
        sent.once('response', (response) => {
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
          response.once('error', () => {}).destroy()
        })
        sent.end(body)
      },
    )
    const delivered = status >= 200 && status < 300
    return {
      delivered,
      status,
      error: delivered ? null : `the receiver answered ${status}`,
      retryAfterSeconds: toSeconds(retryAfter),
    }
  } catch (error) {
    const reason = deadline.aborted ? `no answer within ${timeoutMs / 1000} s` : messageOf(error)
    return { delivered: false, status: null, error: toStorableText(reason, 500), retryAfterSeconds: null }
  }
}

function toSeconds(retryAfter: string | undefined): number | null {
  if (retryAfter === undefined || !/^\d{1,9}$/.test(retryAfter)) return null
  return Math.min(Number(retryAfter), longestRetryAfterSeconds)
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'the connection failed'
}
