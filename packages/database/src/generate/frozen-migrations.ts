import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a release has shipped of supabase/migrations, by `supabase/frozen.json`. */
export interface FrozenMigrations {
  /** The release that froze them last; null before the first one, while the folder is made from supabase/schemas. */
  readonly release: string | null
  /** SHA-256 of each file, in hex. */
  readonly files: Readonly<Record<string, string>>
}

export async function readFrozenMigrations(file: string): Promise<FrozenMigrations> {
  const { release, files }: FrozenMigrations = JSON.parse(await readFile(file, 'utf8'))
  return { release, files }
}

/** All that the folder holds now, as what a release ships. */
export async function freezeMigrations(release: string, folder: string): Promise<FrozenMigrations> {
  const names = (await readdir(folder)).filter((name) => /^\d.*\.sql$/.test(name)).sort()
  const hashes = await Promise.all(names.map(async (name) => [name, await hashOf(join(folder, name))] as const))
  return { release, files: Object.fromEntries(hashes) }
}

/** What was done to files that databases have run, and to their order, as sentences; empty when nothing was. */
export async function findFreezeFaults({ release, files }: FrozenMigrations, folder: string): Promise<string[]> {
  const now = await freezeMigrations(release ?? '', folder)
  const last = Object.keys(files).sort().at(-1) ?? ''
  const remedy = `release ${release} has shipped it, and databases have run it. Restore it, and put the change into a new migration`
  return [
    ...Object.entries(files).flatMap(([name, hash]) => {
      if (now.files[name] === hash) return []
      return [`${name} was ${now.files[name] === undefined ? 'removed' : 'edited'}: ${remedy}.`]
    }),
    ...Object.keys(now.files)
      .filter((name) => files[name] === undefined && name < last)
      .map((name) => `${name} comes before ${last}, which release ${release} has shipped: give it a later number.`),
  ]
}

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
