// Everything `npm test` promises: types and lint beside every vitest project, and nothing left behind.
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
  const count = ({ tally, verdict }: Outcome) => {
    sum = addTally(sum, tally)
    process.stdout.write(verdict)
  }

  const checks = (isSoak ? [] : staticSteps).map((check) =>
    attempt(check.name, () => runStaticStep(check, stop.signal)),
  )
  if (!isStatic) {
    const leftovers = await watchLeftovers(basename(temporary))
    const { runVitest } = await import('./test-run/vitest-step.ts')
    count(await attempt('vitest', () => runVitest(vitestArgs, stop.signal)))
    count(await attempt('leftovers', () => leftovers.check(stop.signal.aborted ? 1_000 : undefined)))
  }
  // What they found comes last, where it is read, and not among 13,000 tests.
  for (const check of checks) count(await check)
  if (stop.signal.aborted) {
    process.stdout.write(`stopped by ${stop.signal.reason} after ${seconds(startedAt)}\n`)
    return 1
  }
  for (const name of sum.skipped) process.stdout.write(`skipped    ${name}\n`)
  process.stdout.write(`all of it took ${seconds(startedAt)}\n${lastLine(sum)}\n`)
  return sum.failed === 0 ? 0 : 1
}

interface Outcome {
  readonly tally: Tally
  /** What failed, and a line. */
  readonly verdict: string
}

/** Never rejects: a step that throws has failed. */
async function attempt(name: string, run: () => Promise<Tally & { output?: string }>): Promise<Outcome> {
  const startedAt = performance.now()
  const { output = '', ...tally } = await run().catch((error: unknown) => {
    const text = error instanceof Error ? error.stack : error
    return { passed: 0, failed: 1, skipped: [], output: `${text}\n` }
  })
  const result = tally.failed === 0 ? 'passed' : 'FAILED'
  return { tally, verdict: `${output}${name.padEnd(10)} ${result} after ${seconds(startedAt)}\n` }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
