import type { UpstreamResponse } from './transport.ts'

/** What a provider says is left of its limits. */
export interface TargetQuota {
  readonly requests: number | undefined
  readonly tokens: number | undefined
  /** Until they are whole again. */
  readonly resetMs: number
}

/** A provider that does not say when is asked again soon. */
const defaultResetMs = 1_000
const longestResetMs = 60_000

/** OpenAI's and Anthropic's headers; undefined where there are none. */
export function readQuota(headers: UpstreamResponse['headers'], now: number): TargetQuota | undefined {
  const requests = toLeft(
    headers['x-ratelimit-remaining-requests'] ?? headers['anthropic-ratelimit-requests-remaining'],
  )
  const tokens = toLeft(headers['x-ratelimit-remaining-tokens'] ?? headers['anthropic-ratelimit-tokens-remaining'])
  if (requests === undefined && tokens === undefined) return undefined
  const resets = (['requests', 'tokens'] as const).flatMap((what) => {
    const text = headers[`x-ratelimit-reset-${what}`] ?? headers[`anthropic-ratelimit-${what}-reset`]
    const ms = text === undefined ? undefined : toMs(text, now)
    return ms === undefined ? [] : [ms]
  })
  const resetMs = resets.length === 0 ? defaultResetMs : Math.max(...resets)
  return { requests, tokens, resetMs: Math.min(longestResetMs, resetMs) }
}

function toLeft(text: string | undefined): number | undefined {
  const count = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(count) && count >= 0 ? count : undefined
}

/** `1s`, `6m0s`, `120ms`, seconds, or an instant. */
function toMs(text: string, now: number): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)]
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text)
    return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (units[unit] ?? 0), 0)
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
