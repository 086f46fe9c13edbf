// What the gate costs a request whose key is known: node bench/http/limiter.ts [--quick]
// Nanoseconds per call, the median of paired rounds, beside an empty call as the control.
import { hrtime } from 'node:process'
import { generateApiKey } from '@core/api'
import { createKeyring, createOwnRateLimits, requireScope } from '@core/control-plane/gate'

const isQuick = process.argv.includes('--quick')
const rounds = isQuick ? 1 : 15
const calls = isQuick ? 1_000 : 200_000
const goalMicroseconds = 10
/** More keys than the processor's caches like, as many as one process may meet. */
const tokens = Array.from({ length: 1_000 }, () => generateApiKey('live').secret)

const answer = { ok: true, project: 'smart_layer', caps: ['ledger:spend'], expires_at: null }
let known = 0
const keyring = createKeyring({ database: { rpc: async () => ({ ...answer, id: `key-${known++}` }) } })
for (const token of tokens) await keyring.resolve(token)

const plenty = { requests: 1_000_000, windowSeconds: 60 }
const limits = createOwnRateLimits({ credential: plenty, anonymous: plenty, failedAuthentication: plenty })

function resolve(token: string) {
  const principal = keyring.resolve(token)
  if (principal instanceof Promise) throw new Error('the key is not warm')
  return principal
}

const contestants = {
  control: (token: string) => token.length,
  key: (token: string) => resolve(token).subject.length,
  limiter: (token: string) => {
    const decision = limits.credential.take(token)
    if (decision instanceof Promise) throw new Error('the limiter asked somebody')
    return decision.remaining
  },
  'key + scope + limiter': (token: string) => {
    const principal = resolve(token)
    requireScope(principal, 'ledger:spend')
    if (limits.failedAuthentication.refusal('127.0.0.1') !== undefined) throw new Error('refused')
    const decision = limits.credential.take(principal.subject)
    if (decision instanceof Promise || !decision.isAllowed) throw new Error('refused')
    return decision.remaining
  },
}

function time(run: (token: string) => number): number {
  let sum = 0
  const startedAt = hrtime.bigint()
  for (let call = 0; call < calls; call++) sum += run(tokens[call % tokens.length] ?? '')
  const took = Number(hrtime.bigint() - startedAt) / calls
  if (sum < 0) throw new Error('nothing was counted')
  return took
}

const samples = new Map<string, number[]>(Object.keys(contestants).map((name) => [name, []]))
for (let round = -1; round < rounds; round++) {
  const order = Object.entries(contestants)
  for (const [name, run] of round % 2 === 0 ? order : order.toReversed()) {
    const took = time(run)
    if (round >= 0) samples.get(name)?.push(took)
  }
}
for (const [name, took] of samples) {
  const sorted = took.toSorted((left, right) => left - right)
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  process.stdout.write(
    `${name.padEnd(24)} ${(middle / 1000).toFixed(3)} µs  (${((sorted[0] ?? 0) / 1000).toFixed(3)} to ${((sorted.at(-1) ?? 0) / 1000).toFixed(3)})\n`,
  )
  if (name.includes('+'))
    process.stdout.write(`goal <= ${goalMicroseconds} µs: ${middle / 1000 <= goalMicroseconds ? 'met' : 'MISSED'}\n`)
}
