import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Makes a folder and all in it this user's alone: 0700 and 0600, as Postgres has it. PGlite makes files that everybody
 * may write to, so this is done at each start; those made later are behind the folder's own mode.
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
