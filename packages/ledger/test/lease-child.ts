// A process that spends from a lease until it is killed: node lease-child.ts <job as JSON>. Every line it prints is a
// fact that was acknowledged before: `leased <id>`, `plain <amount>`, `key <key> <amount>`, `failed <code> <reason>`.
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '@core/database'
import { isCoreError } from '@core/foundation'
import { z } from 'zod'
import { createLedger, microCredits, openLease } from '../src/index.ts'

export const leaseJob = z.object({
  url: z.string(),
  file: z.string(),
  account: z.string(),
  amount: z.number(),
  /** Makes the keys of this process its own. */
  name: z.string(),
  workers: z.number(),
  /** Plain spends of each worker for every one with a key. */
  plain: z.number(),
  /** Of each worker after each spend. */
  pauseMs: z.optional(z.number()),
})
export type LeaseJob = z.infer<typeof leaseJob>

function say(...words: (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`)
}

async function run(job: LeaseJob): Promise<void> {
  await using database = await openDatabase({ driver: 'postgres', url: job.url, poolSize: 2 })
  const ledger = createLedger({ database })
  const { account, file } = job
  const amount = microCredits(job.amount)
  const opened = await openLease({ ledger, account, amount, file, reportEveryMs: 10, compactBytes: 20_000 })
  if (opened.status !== 'leased') return say('denied', opened.status)
  const lease = opened
  say('leased', lease.id)
  await Promise.all(
    Array.from({ length: job.workers }, async (_, worker) => {
      for (let round = 0; ; round++) {
        const spent = microCredits(1 + ((round * 7 + worker) % 50))
        const key = `${job.name}-${worker}-${round}`
        const isPlain = round % (job.plain + 1) !== 0
        const outcome = await (isPlain ? lease.spend(spent) : lease.spend(spent, { key, metadata: { worker } }))
        if (outcome.status !== 'spent') return say(outcome.status)
        if (isPlain) say('plain', spent)
        else say('key', key, spent)
        if (job.pauseMs !== undefined) await sleep(job.pauseMs)
      }
    }),
  )
  say((await lease.close()).status)
}

if (process.argv[1] === import.meta.filename) {
  await run(leaseJob.parse(JSON.parse(process.argv[2] ?? ''))).catch((error: unknown) => {
    if (!isCoreError(error)) throw error
    say('failed', error.code, String(error.details['reason'] ?? error.details['pid'] ?? ''))
  })
}
