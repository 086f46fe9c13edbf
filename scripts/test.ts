// Everything `npm test` promises: types and lint beside each other, then every vitest project, and nothing left behind.
//   node scripts/test.ts [--static | --soak] [vitest arguments...]
import { mkdtempSync } from 'node:fs'
import { chmod, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { findRoom } from './test-run/find-room.ts'
import { watchLeftovers } from './test-run/leftovers.ts'
import { runStaticStep, staticSteps } from './test-run/static-step.ts'
import { addTally, lastLine, type Tally } from './test-run/tally.ts'

const args = process.argv.slice(2)
const isStatic = args.includes('--static')
const isSoak = args.includes('--soak')
const vitestArgs = args.filter((arg) => arg !== '--static' && arg !== '--soak')

// Set before vitest is imported: it decides about colour then, and takes CI for a reason to use it.
if (process.env['CI'] || !process.stdout.isTTY) {
  process.env['NO_COLOR'] = '1'
  delete process.env['FORCE_COLOR']
}
if (isSoak) process.env['CORE_TEST_SOAK'] = '1'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal))

const temporary = mkdtempSync(join(findRoom(), 'core-test-'))
try {
  process.exitCode = await main()
} finally {
  await rm(temporary, { recursive: true, force: true, maxRetries: 5 })
}

async function main(): Promise<number> {
  await chmod(temporary, 0o711) // a Postgres server that runs as another user must pass through
  process.env['TMPDIR'] = temporary
  const startedAt = performance.now()
  let sum: Tally = { passed: 0, failed: 0, skipped: [] }
  const step = async (name: string, run: () => Promise<Tally>) => {
    const stepStartedAt = performance.now()
    const tally = await run().catch((error: unknown): Tally => {
      process.stdout.write(`${error instanceof Error ? error.stack : error}\n`)
      return { passed: 0, failed: 1, skipped: [] }
    })
    sum = addTally(sum, tally)
    const verdict = tally.failed === 0 ? 'passed' : 'FAILED'
    process.stdout.write(`${name.padEnd(10)} ${verdict} after ${seconds(stepStartedAt)}\n`)
  }

  await Promise.all(
    (isSoak ? [] : staticSteps).map((check) => step(check.name, () => runStaticStep(check, stop.signal))),
  )
  if (!isStatic) {
    const leftovers = await watchLeftovers(basename(temporary))
    const { runVitest } = await import('./test-run/vitest-step.ts')
    await step('vitest', () => runVitest(vitestArgs, stop.signal))
    await step('leftovers', () => leftovers.check(stop.signal.aborted ? 1_000 : undefined))
  }
  if (stop.signal.aborted) {
    process.stdout.write(`stopped by ${stop.signal.reason} after ${seconds(startedAt)}\n`)
    return 1
  }
  for (const name of sum.skipped) process.stdout.write(`skipped    ${name}\n`)
  process.stdout.write(`all of it took ${seconds(startedAt)}\n${lastLine(sum)}\n`)
  return sum.failed === 0 ? 0 : 1
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
