// Writes src/generated from the migrations. With --check it writes nothing and fails when a file is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { generateDatabaseTypes } from '../src/generate/generate-database-types.ts'

const folder = fileURLToPath(new URL('../src/generated/', import.meta.url))
const check = process.argv.includes('--check')
const stale: string[] = []

await mkdir(folder, { recursive: true })
for (const { name, text } of await generateDatabaseTypes()) {
  const present = await readFile(folder + name, 'utf8').catch(() => '')
  if (present === text) continue
  stale.push(name)
  if (!check) await writeFile(folder + name, text)
}

if (check && stale.length > 0) {
  process.stderr.write(`packages/database/src/generated is stale: ${stale.join(', ')}. Run \`npm run generate\`.\n`)
  process.exitCode = 1
} else if (stale.length > 0) process.stdout.write(`packages/database/src/generated: wrote ${stale.join(', ')}\n`)
