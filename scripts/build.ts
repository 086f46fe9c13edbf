// Compiles packages into what is published: packages/<name>/dist. Development runs the sources and needs none of it.
//   node scripts/build.ts [package...]
// Without a name all packages are built. Every package runs it for itself before it is packed.
import { buildPackages } from './publishing/build-packages.ts'
import { listPublished } from './publishing/list-published.ts'

const known = listPublished().map(({ name }) => name)
const args = process.argv.slice(2)
const unknown = args.filter((arg) => !known.includes(arg))
if (unknown.length > 0) fail(2, `unknown package ${unknown.join(' ')}; one of: ${known.join(', ')}`)

// npm would pack the versions of this workspace as they are written, which no project outside can install.
const { npm_lifecycle_event: event, npm_config_user_agent: packer = '' } = process.env
if (event === 'prepack' && !packer.startsWith('pnpm/')) fail(1, 'pack and publish with pnpm, not with npm')

const startedAt = performance.now()
try {
  for (const { folder, files } of buildPackages(args.length > 0 ? args : known)) {
    process.stdout.write(`${folder}/dist: ${files} files\n`)
  }
} catch (error) {
  fail(1, error instanceof Error ? error.message : String(error))
}
process.stdout.write(`built after ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)

function fail(code: number, message: string): never {
  process.stderr.write(`build: ${message}\n`)
  process.exit(code)
}
