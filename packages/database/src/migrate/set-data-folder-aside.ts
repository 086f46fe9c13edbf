import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { acquireDataLock } from '../drivers/data-lock.ts'

/**
 * Moves the files of an embedded database aside, also those that cannot be opened, so that the next one that opens the
 * folder begins empty. @returns where they are now, or undefined where there were none.
 * @throws CoreError E_DATABASE_LOCKED while a process has it open.
 */
export async function setDataFolderAside(dataDir: string, at: Date = new Date()): Promise<string | undefined> {
  const folder = join(dataDir, 'data')
  if (!existsSync(folder)) return undefined
  await using _lock = await acquireDataLock(join(dataDir, 'data.lock'))
  const aside = join(dataDir, `data.${at.toISOString().replaceAll(/[-:]/g, '').replace('.', '_')}`)
  await rename(folder, aside)
  return aside
}
