// Writes supabase/migrations from supabase/schemas, and src/generated from what these migrations make. With --check it
// writes nothing and fails when a file is stale.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type GeneratedFile, generateDatabaseTypes } from '../src/generate/generate-database-types.ts'
import { generateMigrations } from '../src/generate/generate-migrations.ts'

const check = process.argv.includes('--check')
const place = (path: string) => fileURLToPath(new URL(`../../../${path}/`, import.meta.url))

await write('supabase/migrations', await generateMigrations(place('supabase/schemas')))
await write('packages/database/src/generated', await generateDatabaseTypes())

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
  process.stderr.write(`${path} is stale: ${stale.join(', ')}. Run \`npm run generate\`.\n`)
  process.exitCode = 1
}
