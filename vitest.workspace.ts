import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** A project per package, app and script folder, so that each runs alone with `--project <name>`. */
const folders = ['packages', 'apps', 'examples']
  .filter((group) => existsSync(group))
  .flatMap((group) => readdirSync(group).map((name) => ({ name, root: `${group}/${name}` })))

/** `npm run test:soak` runs the long tests and only those. */
const isSoak = Boolean(process.env['CORE_TEST_SOAK'])

// Tests start `core` hundreds of times. Each start compiles the same files: 0.85 s of CPU, and 0.33 s from the cache.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'core-test-compile-cache')

export default defineConfig({
  test: {
    // Most tests wait for a server or a clock: three workers leave a tenth of two cores idle, four a thirtieth.
    maxWorkers: 4,
    // The files of a project share a process, which imports the product once. With a process for each, a file of the
    // control plane that takes 0.5 s of CPU took 3 s more.
    isolate: false,
    // Node runs the sources as it does for users; Vite's own runner would transform and link each again.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // The workers open embedded databases for seconds: V8 spends less on 9 MB of Postgres when it does not optimise them. And
    // it collects a larger nursery less often: 5 % of the CPU.
    execArgv: ['--liftoff-only', '--max-semi-space-size=64'],
    testTimeout: isSoak ? 600_000 : 180_000,
    hookTimeout: 240_000,
    // A machine that others use may take the CPU away for seconds; what is awaited and never comes still fails.
    expect: { poll: { timeout: 30_000 } },
    projects: [...folders, ...['supabase', 'scripts', 'bench'].map((name) => ({ name, root: name }))]
      .filter(({ root }) => existsSync(root))
      .map(({ name, root }) => ({
        extends: true as const,
        root,
        test: {
          name,
          include: [isSoak ? '**/*.soak.test.ts' : '**/*.test.ts'],
          exclude: ['**/node_modules/**', ...(isSoak ? [] : ['**/*.soak.test.ts'])],
        },
      })),
  },
})
