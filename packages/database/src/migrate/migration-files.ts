import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CoreError } from '@core/foundation'
import { splitStatements } from './split-statements.ts'

export interface MigrationFile {
  /** 14 digits; the order. */
  version: string
  name: string
  file: string
  statements: string[]
}

/**
 * Core's migrations: those of the workspace, or the copy that the build puts beside the compiled files. It goes by what
 * runs, because a workspace that was built once has both, and the copy is the older one.
 */
export function migrationsFolder(): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../../../supabase/migrations' : '../migrations'
  return fileURLToPath(new URL(folder, import.meta.url))
}

/** Reads the migrations in order. Throws E_INVALID for a file whose name is not `<14 digits>_<name>.sql`. */
export async function readMigrationFiles(folder: string): Promise<MigrationFile[]> {
  // macOS leaves ._<name> beside files of foreign disks.
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql') && !name.startsWith('.')).sort()
  return Promise.all(
    names.map(async (file) => {
      const [, version, name] = /^(\d{14})_([a-z0-9_]+)\.sql$/.exec(file) ?? []
      if (version === undefined || name === undefined) {
        throw new CoreError('E_INVALID', `${join(folder, file)} is not named <14 digits>_<noun>_<concern>.sql`)
      }
      const statements = splitStatements(await readFile(join(folder, file), 'utf8'))
      return { version, name, file, statements }
    }),
  )
}

/** The versions of Core's migrations this program brings along, in order. */
export async function listMigrationVersions(): Promise<string[]> {
  const names = await readdir(migrationsFolder())
  return names.flatMap((name) => /^(\d{14})_[a-z0-9_]+\.sql$/.exec(name)?.[1] ?? []).sort()
}

/** Whether a tool recorded `recorded` of these statements: white space and semicolons are as each likes. */
export function isSame(statements: readonly string[], recorded: readonly string[]): boolean {
  const [one, other] = [statements.join(''), recorded.join('')]
  return one === other || withoutSpace(one) === withoutSpace(other) // what Core recorded is equal as it is
}

const withoutSpace = (sql: string) => sql.replaceAll(/[\s;]+/g, '')
