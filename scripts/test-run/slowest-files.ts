import type { TestModule } from 'vitest/node'

const count = 10

/** One line for each of the slowest test files, slowest first: where to look when the run grows towards ten minutes. */
export function describeSlowestFiles(modules: readonly TestModule[]): string[] {
  return modules
    .map((module) => ({ path: `${module.project.name}/${module.relativeModuleId}`, seconds: secondsOf(module) }))
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, count)
    .map(({ path, seconds }) => `slow       ${seconds.toFixed(1).padStart(5)} s  ${path}`)
}

/** Import, hooks and tests; without the start of its process. */
function secondsOf(module: TestModule): number {
  const { collectDuration, setupDuration, duration } = module.diagnostic()
  return (collectDuration + setupDuration + duration) / 1000
}
