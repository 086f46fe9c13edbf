import { join } from 'node:path'
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
import type { Tally } from './tally.ts'

/** Runs every vitest project that the arguments leave in. A run that matches no file at all is a failure. */
export async function runVitest(args: readonly string[], signal: AbortSignal): Promise<Tally> {
  const { filter, options } = parseCLI(['vitest', 'run', ...args])
  const vitest = await createVitest({
    ...options,
    config: join(root, 'vitest.workspace.ts'),
    root,
    watch: false,
    reporters: options.reporters ?? ['default'],
  })
  const onAbort = () => vitest.cancelCurrentRun('keyboard-input')
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (!signal.aborted) await vitest.start(filter)
  } catch (error) {
    if (!(error instanceof TestsNotFoundError)) throw error
    return { passed: 0, failed: 1, skipped: [] } // vitest has said what it looked for
  } finally {
    signal.removeEventListener('abort', onAbort)
    await vitest.close()
  }
  return tallyOf(vitest)
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
