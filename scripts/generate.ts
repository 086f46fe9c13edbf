// Writes every generated file: runs the scripts/generate.ts of each package and app that has one.
//   node scripts/generate.ts [--check]
// With --check nothing is written; each script compares, names what is stale and exits 1.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

const args = process.argv.slice(2)
const unknown = args.filter((arg) => arg !== '--check')
if (unknown.length > 0) {
  process.stderr.write(`generate: unknown argument ${unknown.join(' ')}; the only one is --check\n`)
  process.exit(2)
}

const generators = ['packages', 'apps']
  .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
  .filter((folder) => existsSync(join(root, folder, 'scripts', 'generate.ts')))

const failed = generators.filter((folder) => {
  const startedAt = performance.now()
  // What opens an embedded database ends before V8 had optimised it.
  const { status } = spawnSync(
    process.execPath,
    ['--liftoff-only', join(root, folder, 'scripts', 'generate.ts'), ...args],
    {
      cwd: join(root, folder),
      stdio: 'inherit',
    },
  )
  const verdict = status === 0 ? (args.includes('--check') ? 'fresh' : 'written') : 'FAILED'
  process.stdout.write(`${folder}: ${verdict} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  return status !== 0
})

if (failed.length > 0) {
  const fix = args.includes('--check') ? 'run `npm run generate` and commit what it writes' : 'the lines above say why'
  process.stderr.write(`generate: ${failed.join(', ')} failed; ${fix}\n`)
  process.exit(1)
}
