import { createHash } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrationsFolder } from '../migrate/migration-files.ts'

/** One place per check-out, so that two of them on one machine do not share a server. */
const key = createHash('sha256')
  .update(`${migrationsFolder()}\n${process.getuid?.() ?? ''}`)
  .digest('hex')
  .slice(0, 12)

export const testFolder = join(tmpdir(), `core-test-${key}`)

/** A folder that an embedded database makes is its user's alone, and a server runs as another user. */
export async function openTestFolder(): Promise<void> {
  await mkdir(testFolder, { recursive: true })
  await chmod(testFolder, 0o755)
}

/** Short: a socket's path may have about 100 characters. */
export const leaseSocket =
  process.platform === 'win32' ? `\\\\.\\pipe\\core-test-${key}` : join(testFolder, 'lease.sock')

/** What the keeper sends each client, as one line of JSON. */
export interface TestServerAddress {
  /** Of the maintenance database `postgres`. */
  url: string
  /** A migrated database to clone. */
  template: string
}
