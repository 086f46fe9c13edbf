import { expect, test } from 'vitest'
import { readQuota } from './target-quota.ts'

const now = Date.parse('2026-11-29T12:00:00Z')

test.each([
  [{}, undefined],
  [{ 'x-ratelimit-remaining-requests': 'many' }, undefined],
  [
    { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' },
    { requests: 0, tokens: undefined, resetMs: 60_000 },
  ],
  [
    { 'x-ratelimit-remaining-tokens': '149984', 'x-ratelimit-reset-tokens': '120ms' },
    { requests: undefined, tokens: 149_984, resetMs: 120 },
  ],
  [
    { 'anthropic-ratelimit-requests-remaining': '3', 'anthropic-ratelimit-requests-reset': '2026-11-29T12:00:05Z' },
    { requests: 3, tokens: undefined, resetMs: 5_000 },
  ],
  [{ 'x-ratelimit-remaining-requests': '1' }, { requests: 1, tokens: undefined, resetMs: 1_000 }],
])('%j', (headers, expected) => {
  expect(readQuota(headers, now)).toEqual(expected)
})
