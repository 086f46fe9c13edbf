import { setTimeout as pause } from 'node:timers/promises'
import { createOwnRateLimits } from '@core/control-plane/gate'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'

const limit = 1000

/** Asks for several times the limit, in bursts that lie across the ends of windows, and looks into every window there was. */
export async function measureLimiter({ isQuick, signal }: BenchContext): Promise<Row[]> {
  const setting = { requests: limit, windowSeconds: 1 }
  const limits = createOwnRateLimits({ credential: setting, anonymous: setting, failedAuthentication: setting })
  const passedAt: number[] = []
  let asked = 0
  const until = performance.now() + (isQuick ? 1500 : 8000)
  while (performance.now() < until) {
    signal.throwIfAborted()
    for (let index = 0; index < Math.random() * 2000; index++) {
      const decision = limits.credential.take('caller')
      if (decision instanceof Promise) throw new Error('the limiter asked somebody')
      asked++
      if (decision.isAllowed) passedAt.push(performance.now())
    }
    await pause(Math.random() * 60)
  }
  return [
    toRow('limiter: asked for, of what may pass', asked / (passedAt.length || 1), 'ratio'),
    toRow(
      'limiter: most that passed in any window, of the limit',
      mostInWindow(passedAt) / limit,
      'ratio',
      goals.limiter,
    ),
  ]
}

/** However the window of a second lies. */
function mostInWindow(times: readonly number[]): number {
  let most = 0
  let first = 0
  for (const [last, at] of times.entries()) {
    while (at - (times[first] ?? at) >= 1000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
