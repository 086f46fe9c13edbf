// Freezes supabase/migrations for a release: `node scripts/freeze-migrations.ts 0.2.0` writes supabase/frozen.json. With
// --check it writes nothing and fails where a migration is not frozen by that release.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  findFreezeFaults,
  freezeMigrations,
  readFrozenMigrations,
} from '../packages/database/src/generate/frozen-migrations.ts'
import { root } from './root.ts'

const [release = '', ...words] = process.argv.slice(2)
const folder = join(root, 'supabase/migrations')
const file = join(root, 'supabase/frozen.json')
const { version } = JSON.parse(readFileSync(join(root, 'packages/sdk/package.json'), 'utf8'))

const faults = await find()
for (const fault of faults) process.stderr.write(`freeze-migrations: ${fault}\n`)
if (faults.length > 0) process.exitCode = 1
else if (words.length === 0) {
  writeFileSync(file, `${JSON.stringify(await freezeMigrations(release, folder), null, 2)}\n`)
  process.stdout.write(`supabase/frozen.json: the migrations are those of ${release}\n`)
}

async function find(): Promise<string[]> {
  if (release !== version) return [`name the version of the packages, which is ${version}`]
  const frozen = await readFrozenMigrations(file)
  const edited = await findFreezeFaults(frozen, folder)
  if (words.length === 0 || edited.length > 0) return edited
  if (words.join() !== '--check') return [`${words.join(' ')} is not known; --check is`]
  const now = await freezeMigrations(release, folder)
  const missing = Object.keys(now.files).filter((name) => frozen.files[name] === undefined)
  return missing.map((name) => `${name} is not frozen: run \`node scripts/freeze-migrations.ts ${release}\` and commit`)
}
