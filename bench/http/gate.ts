import { hrtime } from 'node:process'
import { generateApiKey } from '@core/api'
import { createKeyring, createOwnRateLimits, requireScope } from '@core/control-plane/gate'
import { type Row, toRow } from '../row.ts'
import { median } from '../statistics.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'

/** What the gate costs a request whose key is known: each part on its own, and all of them, beside an empty call. */
export async function measureGate({ isQuick, signal }: BenchContext): Promise<Row[]> {
  const [rounds, calls] = isQuick ? [1, 1000] : [15, 100_000]
  // More keys than the processor's caches like, as many as one process may meet.
  const tokens = Array.from({ length: 1000 }, () => generateApiKey('live').secret)
  const { contestants, warm } = createContestants(tokens)
  const samples = new Map<string, number[]>(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    signal.throwIfAborted()
    await warm() // keys are known for half a minute
    const order = Object.entries(contestants)
    for (const [name, run] of round % 2 === 0 ? order : order.toReversed()) {
      const took = microsOf(run, tokens, calls)
      if (round > 0) samples.get(name)?.push(took)
    }
  }
  const of = (name: string) => median(samples.get(name) ?? [])
  return [
    toRow('gate: an empty call', of('control'), 'µs'),
    toRow('gate: a known key', of('key'), 'µs'),
    toRow('gate: the limiter', of('limiter'), 'µs'),
    toRow('gate: known key, scope and limiter', of('key + scope + limiter'), 'µs', goals.gateMicros),
  ]
}

interface Contestants {
  readonly contestants: Readonly<Record<string, (token: string) => number>>
  warm(): Promise<void>
}

function createContestants(tokens: readonly string[]): Contestants {
  const at = '2026-11-20T09:30:00Z'
  const times = { created_at: at, expires_at: null, disabled_at: null, revoked_at: null, last_used_at: null }
  const named = { project: 'smart_layer', name: 'key', hint: 'ck_live_…', created_by: 'owner', replaced_by: null }
  const answer = { ok: true, ...named, ...times, caps: ['ledger:spend'], status: 'active', etag: '"1"' }
  let known = 0
  const keyring = createKeyring({ database: { rpc: async () => ({ ...answer, id: `key-${known++}` }) } })
  const plenty = { requests: 1_000_000, windowSeconds: 60 }
  const limits = createOwnRateLimits({ credential: plenty, anonymous: plenty, failedAuthentication: plenty })

  function resolve(token: string) {
    const principal = keyring.resolve(token)
    if (principal instanceof Promise) throw new Error('the key is not warm')
    return principal
  }
  const contestants: Contestants['contestants'] = {
    control: (token) => token.length,
    key: (token) => resolve(token).subject.length,
    limiter: (token) => {
      const decision = limits.credential.take(token)
      if (decision instanceof Promise) throw new Error('the limiter asked somebody')
      return decision.remaining
    },
    'key + scope + limiter': (token) => {
      const principal = resolve(token)
      requireScope(principal, 'ledger:spend')
      if (limits.failedAuthentication.refusal('127.0.0.1') !== undefined) throw new Error('refused')
      const decision = limits.credential.take(principal.subject)
      if (decision instanceof Promise || !decision.isAllowed) throw new Error('refused')
      return decision.remaining
    },
  }
  return {
    contestants,
    async warm() {
      for (const token of tokens) await keyring.resolve(token)
    },
  }
}

function microsOf(run: (token: string) => number, tokens: readonly string[], calls: number): number {
  let sum = 0
  const startedAt = hrtime.bigint()
  for (let call = 0; call < calls; call++) sum += run(tokens[call % tokens.length] ?? '')
  const took = Number(hrtime.bigint() - startedAt) / calls / 1000
  if (sum < 0) throw new Error('nothing was counted')
  return took
}
