import { microCredits } from '@core/ledger'
import { openCore } from '@core/sdk'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { goals } from './goals.ts'
import { type ProjectOfPlane, project } from './open-project.ts'

/** 1,000 reserves that a program begins at once: they travel together. */
export async function measureReserves({ plane, key }: ProjectOfPlane, { signal }: BenchContext): Promise<Row[]> {
  const send = globalThis.fetch
  let requests = 0
  globalThis.fetch = (input, init) => {
    if (String(input).includes('/rpc/ledger_')) requests++
    return send(input, init)
  }
  try {
    await using core = await openCore({ project, url: plane.url, key, env: {} })
    await core.ledger.balance(project) // loads the noun
    requests = 0
    const begun = performance.now()
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, () =>
        core.ledger.reserve({ account: project, amount: microCredits(1_000) }, { signal }),
      ),
    )
    const tookMs = performance.now() - begun
    const denied = outcomes.filter(({ status }) => status !== 'reserved')
    if (denied.length > 0) throw new Error(`${denied.length} of 1,000 reserves were refused`)
    return [
      toRow('requests of 1,000 reserves at once', requests, 'requests', goals.requests),
      toRow('1,000 reserves at once', tookMs, 'ms'),
    ]
  } finally {
    globalThis.fetch = send
  }
}
