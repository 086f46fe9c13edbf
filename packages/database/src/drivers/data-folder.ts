import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CoreError } from '@core/foundation'

/** The Postgres major that the embedded database is. Files of another major cannot be read. */
export const embeddedPostgresMajor = '18'

/** @throws Error that names both versions, for a folder that another major made. A folder that is not there is fine. */
export function requireOwnMajor(folder: string): void {
  let found: string
  try {
    found = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  if (found === embeddedPostgresMajor) return
  throw new Error(
    `its files were made by Postgres ${found}, and this version of Core reads Postgres ${embeddedPostgresMajor}`,
  )
}

/** Watches that the folder stays the one that was opened: files that were removed keep no commit, though writes succeed. */
export async function watchDataFolder(folder: string): Promise<{ requireKept(): Promise<void> }> {
  const identity = async () => {
    const { dev, ino } = await stat(join(folder, 'PG_VERSION'))
    return `${dev}:${ino}`
  }
  const opened = await identity()
  return {
    async requireKept() {
      const now = await identity().catch(() => undefined)
      if (now === opened) return
      throw new CoreError(
        'E_DATABASE_UNAVAILABLE',
        `the data folder ${folder} was removed or replaced while it was open`,
        {
          fix: 'Stop this process, restore the folder from a backup, and start again.',
          details: { reason: 'data_folder_gone', folder },
        },
      )
    },
  }
}
