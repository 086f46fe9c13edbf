import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  createVitest,
  parseCLI,
  type TestCase,
  type TestModule,
  type TestSuite,
  TestsNotFoundError,
  type Vitest,
} from 'vitest/node'
import { root } from '../root.ts'
import { describeSlowestFiles } from './slowest-files.ts'
import type { Tally } from './tally.ts'

/** Runs every vitest project that the arguments leave in. A run that matches no file at all is a failure. */
export async function runVitest(args: readonly string[], signal: AbortSignal): Promise<Tally> {
  const { filter, options } = parseCLI(['vitest', 'run', ...args])
  const restoreSignals = keepSignals()
  const vitest = await createVitest({
    ...options,
    config: join(root, 'vitest.workspace.ts'),
    root,
    watch: false,
    reporters: options.reporters ?? ['default'],
  })
  restoreSignals()
  try {
    await Promise.race([vitest.start(filter), stopped(vitest, signal)])
  } catch (error) {
    if (!(error instanceof TestsNotFoundError)) throw error
    return { passed: 0, failed: 1, skipped: [] } // vitest has said what it looked for
  } finally {
    await vitest.close()
  }
  for (const line of describeSlowestFiles(vitest.state.getTestModules())) process.stdout.write(`${line}\n`)
  return tallyOf(vitest)
}

/** Milliseconds the tests under way have to end, and to stop what they started, after the run was stopped. */
const stopGraceMs = 5_000

async function stopped(vitest: Vitest, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
  await vitest.cancelCurrentRun('keyboard-input')
  await setTimeout(stopGraceMs)
}

/** Vitest ends the process the moment a signal comes; the check of what the tests leave behind would not run. */
function keepSignals(): () => void {
  const names = ['SIGINT', 'SIGTERM'] as const
  const own = names.map((name) => new Set(process.listeners(name)))
  return () => {
    for (const [index, name] of names.entries()) {
      for (const added of process.listeners(name)) if (!own[index]?.has(added)) process.off(name, added)
    }
  }
}

function tallyOf(vitest: Vitest): Tally {
  const tally: Tally = { passed: 0, failed: vitest.state.getUnhandledErrors().length, skipped: [] }
  const pattern = vitest.config.testNamePattern
  for (const module of vitest.state.getTestModules()) {
    // A file that cannot be imported and a hook that throws fail no test of their own; they count as one each.
    tally.failed += countFaulty([module, ...module.children.allSuites()])
    for (const test of module.children.allTests()) {
      // What the caller's -t leaves out is not skipped. Vitest matches names joined by spaces.
      if (pattern && !pattern.test(test.fullName.replaceAll(' > ', ' '))) continue
      addTest(tally, module, test)
    }
  }
  return tally
}

function countFaulty(suites: readonly (TestModule | TestSuite)[]): number {
  return suites.filter((suite) => suite.errors().length > 0).length
}

function addTest(tally: Tally, module: TestModule, test: TestCase): void {
  const result = test.result()
  if (result.state === 'passed') tally.passed++
  else if (result.state === 'failed') tally.failed++
  else {
    const note = result.state === 'skipped' && result.note ? ` (${result.note})` : ''
    tally.skipped.push(`${module.project.name}: ${module.relativeModuleId} > ${test.fullName}${note}`)
  }
}
