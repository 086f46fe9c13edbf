import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '@core/foundation/file-lock'

/** Beside the embedded database: the key that seals its secrets, where CORE_SECRETS_KEY names none. */
export function secretsKeyFile(dataDir: string): string {
  return join(dataDir, 'secrets-key')
}

/** Undefined where none was made. */
export function readSecretsKey(dataDir: string): string | undefined {
  try {
    return readFileSync(secretsKeyFile(dataDir), 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The key that is there, else a new one, readable by this user alone. It is on disk, whole, before it seals anything. */
export function ensureSecretsKey(dataDir: string): string {
  const known = readSecretsKey(dataDir)
  if (known !== undefined) return known
  const file = secretsKeyFile(dataDir)
  const draft = `${file}.${randomUUID()}`
  const key = randomBytes(32).toString('base64')
  makeFolder(dataDir)
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, `${key}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(draft, file) // fails where another process was first: its key counts
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    unlinkSync(draft)
  }
  return readSecretsKey(dataDir) ?? key
}
