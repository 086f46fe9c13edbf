import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readPrivateFile } from './profile.ts'

/**
 * The owner's key beside the embedded database that knows it, readable by its user alone. Anyone who can read this file
 * can read and change the database's own files next to it: it gives access to nothing new.
 */
export function ownerKeyFile(dataDir: string): string {
  return join(dataDir, 'owner-key')
}

/** Returns the file. It appears whole or not at all. */
export async function keepOwnerKey(dataDir: string, key: string): Promise<string> {
  const file = ownerKeyFile(dataDir)
  const draft = `${file}.${randomUUID()}`
  await mkdir(dirname(file), { recursive: true })
  await writeFile(draft, `${key}\n`, { mode: 0o600 })
  await rename(draft, file)
  return file
}

/** @throws CoreError E_CONFIG_INVALID if others may read it. */
export function readOwnerKey(dataDir: string): string | undefined {
  return readPrivateFile(ownerKeyFile(dataDir))?.trim() || undefined
}
