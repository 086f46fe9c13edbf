import type { AttemptResult } from './attempt.ts'
import type { UpstreamResponse } from './transport.ts'

const maxErrorBytes = 64 * 1024

/** What an answer without success says: of this target, or of the request. */
export async function readRefusal({ status, headers, body }: UpstreamResponse): Promise<AttemptResult> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxErrorBytes) break
  }
  const bytes = Buffer.concat(chunks).subarray(0, maxErrorBytes)
  const retryAfterMs = retryAfterOf(headers)
  if (status === 429) {
    // Without credit at the provider no later attempt succeeds.
    const isOutOfCredit = bytes.includes('insufficient_quota')
    return { kind: 'failed', fault: isOutOfCredit ? 'auth' : 'rate_limited', retryAfterMs }
  }
  if (status === 401 || status === 403) return { kind: 'failed', fault: 'auth' }
  if (status === 408) return { kind: 'failed', fault: 'timeout' }
  if (status >= 500 || status < 400) return { kind: 'failed', fault: 'unavailable', retryAfterMs }
  return { kind: 'refused', status, contentType: headers['content-type'] ?? 'application/json', body: bytes }
}

/** Seconds or a date (RFC 9110); `retry-after-ms` is OpenAI's. */
function retryAfterOf(headers: UpstreamResponse['headers']): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return ms
  const text = headers['retry-after']
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
