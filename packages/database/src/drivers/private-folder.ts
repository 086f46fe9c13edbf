import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Limits a folder and its content to this user: 0700 and 0600, as Postgres does. PGlite creates files that every user
 * may write to, so this runs at each start; files created later are protected by the folder's mode.
 */
export async function makePrivate(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await makePrivate(path)
    else if (entry.isFile()) await chmod(path, 0o600)
  }
}
