// Writes supabase/migrations from supabase/schemas until a release freezes them, and src/generated from what they make.
// With --check it writes nothing and fails when a file is stale. It fails where a frozen migration was edited.
// CORE_TEST_GENERATE_URL names an empty or migrated database of a Postgres server, for tests.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findFreezeFaults, readFrozenMigrations } from '../src/generate/frozen-migrations.ts'
import { type GeneratedFile, generateDatabaseTypes } from '../src/generate/generate-database-types.ts'
import { generateMigrations } from '../src/generate/generate-migrations.ts'

const check = process.argv.includes('--check')
const place = (path: string) => fileURLToPath(new URL(`../../../${path}/`, import.meta.url))

const frozen = await readFrozenMigrations(`${place('supabase')}frozen.json`)
for (const fault of await findFreezeFaults(frozen, place('supabase/migrations'))) fail(fault)
if (frozen.release === null) await write('supabase/migrations', await generateMigrations(place('supabase/schemas')))
await write('packages/database/src/generated', await generateDatabaseTypes(process.env['CORE_TEST_GENERATE_URL']))

/** Makes the folder hold these files and no others. */
async function write(path: string, files: readonly GeneratedFile[]): Promise<void> {
  const folder = place(path)
  await mkdir(folder, { recursive: true })
  const stale: string[] = []
  for (const { name, text } of files) {
    if ((await readFile(folder + name, 'utf8').catch(() => '')) === text) continue
    stale.push(name)
    if (!check) await writeFile(folder + name, text)
  }
  const names = new Set(files.map(({ name }) => name))
  for (const name of (await readdir(folder)).filter((found) => !found.startsWith('.') && !names.has(found))) {
    stale.push(`${name} (no longer generated)`)
    if (!check) await rm(folder + name)
  }
  if (stale.length === 0) return
  if (!check) return void process.stdout.write(`${path}: wrote ${stale.join(', ')}\n`)
  fail(`${path} is stale: ${stale.join(', ')}. Run \`npm run generate\`.`)
}

function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
  process.exitCode = 1
}
