import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Two projects per package, app and script folder, so that each runs alone with `--project '<name>*'`. */
const folders = ['packages', 'apps', 'examples']
  .filter((group) => existsSync(group))
  .flatMap((group) => readdirSync(group).map((name) => ({ name, root: `${group}/${name}` })))

/** `npm run test:soak` runs the long tests and only those. */
const isSoak = Boolean(process.env['CORE_TEST_SOAK'])

// Tests start `core` hundreds of times. Each start compiles the same files: 0.85 s of CPU, and 0.33 s from the cache.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'core-test-compile-cache')

export default defineConfig({
  test: {
    // Most tests wait for a server or a clock; with Vitest's default two cores run one file at a time.
    maxWorkers: 2,
    testTimeout: isSoak ? 600_000 : 30_000,
    hookTimeout: 60_000,
    projects: [...folders, ...['supabase', 'scripts', 'bench'].map((name) => ({ name, root: name }))]
      .filter(({ root }) => existsSync(root))
      .flatMap(({ name, root }) => [
        toProject(name, root, { include: '**', exclude: ['src/**'], isolate: true }),
        // Tests beside their file use memory only, so they can share a process: 0.16 s of CPU for a file, not 0.4 s.
        toProject(`${name}:src`, root, { include: 'src/**', exclude: [], isolate: false }),
      ]),
  },
})

function toProject(
  name: string,
  root: string,
  { include, exclude, isolate }: { include: string; exclude: string[]; isolate: boolean },
) {
  return {
    extends: true as const,
    root,
    test: {
      name,
      isolate,
      include: [`${include}/${isSoak ? '*.soak.test.ts' : '*.test.ts'}`],
      exclude: ['**/node_modules/**', ...exclude, ...(isSoak ? [] : ['**/*.soak.test.ts'])],
    },
  }
}
