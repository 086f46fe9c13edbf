import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { createLedger, type Lease, microCredits, openLease, type SpendFacts } from '@core/ledger'
import { runCallers } from '../callers.ts'
import { type Contestant, measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'
import { hotAccount } from './accounts.ts'
import { goals } from './goals.ts'
import type { Platform } from './platform.ts'

const CALLERS = 1_000
/** A fiftieth of a credit billion: no sample uses it up. */
const LEASED = 20_000_000_000_000
/** Bytes of one spend in the journal. */
const SPEND_BYTES = 8
/** Spends that one turn of the event loop makes without waiting. */
const BURST = 10_000

/** Spends of one process from a lease, its journal on disk, its reports going to the database meanwhile. */
export async function measureLeaseSpend(platform: Platform, context: BenchContext): Promise<Row[]> {
  await using ledger = createLedger({ database: platform.database })
  const file = join(context.folder, 'lease.journal')
  const lease = await openLease({ ledger, account: hotAccount, amount: microCredits(LEASED), file })
  if (lease.status !== 'leased') throw new Error(`refused: ${lease.status}`)
  const plain = await open(join(context.folder, 'plain'), 'w')
  try {
    let keys = 0
    const measured = await measure(
      [
        {
          name: 'append',
          step: CALLERS,
          async run(operations) {
            const bytes = Buffer.alloc(CALLERS * SPEND_BYTES)
            for (let done = 0; done < operations; done += CALLERS) {
              await plain.write(bytes)
              await plain.datasync()
            }
            return []
          },
        },
        spend('spend', lease, () => undefined),
        spend('keyed', lease, () => ({ key: `job-${keys++}` })),
        buffered('buffered', lease),
        { name: 'lone', run: (operations) => runCallers(1, operations, () => spendOne(lease, undefined)) },
      ],
      { ...context.measure, signal: context.signal },
    )
    const ended = await lease.close()
    if (ended.status !== 'closed') throw ended.cause
    return [
      toRow(`lease: 8 KB appended and synced, as spends of 8 bytes`, measured.perSecond('append'), 'per second'),
      toRow(`lease.spend(), ${CALLERS} callers, on disk`, measured.perSecond('spend'), 'per second', goals.leaseSpend),
      toRow(`lease.spend(), ${CALLERS} callers, p99`, measured.latencyMs('spend', 0.99), 'ms'),
      toRow(`lease.spend() against append and sync`, measured.ratio('spend', 'append').middle, 'ratio'),
      toRow(`lease.spend() with a key, ${CALLERS} callers, on disk`, measured.perSecond('keyed'), 'per second'),
      toRow('lease.spendBuffered(), then flush', measured.perSecond('buffered'), 'per second'),
      toRow('lease.spend(), one caller, p50', measured.latencyMs('lone', 0.5), 'ms'),
    ]
  } finally {
    await plain.close()
    await lease.detach().catch(() => undefined)
  }
}

function spend(name: string, lease: Lease, facts: () => SpendFacts | undefined): Contestant {
  return {
    name,
    step: CALLERS,
    run: (operations) => runCallers(CALLERS, operations, () => spendOne(lease, facts())),
  }
}

async function spendOne(lease: Lease, facts: SpendFacts | undefined): Promise<void> {
  const outcome = await lease.spend(microCredits(1), facts)
  if (outcome.status !== 'spent' || outcome.replayed) throw new Error(`refused: ${outcome.status}`)
}

function buffered(name: string, lease: Lease): Contestant {
  const one = microCredits(1)
  return {
    name,
    step: BURST,
    async run(operations) {
      for (let done = 0; done < operations; done += BURST) {
        for (let n = 0; n < BURST; n++) {
          const outcome = lease.spendBuffered(one)
          if (outcome.status !== 'spent') throw new Error(`refused: ${outcome.status}`)
        }
        await new Promise(setImmediate)
      }
      await lease.flush()
      return []
    },
  }
}
