import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CoreError, isObject } from '@core/foundation'
import type { ConnectionOptions, Environment } from './choose-connection.ts'

/** What the command `core` keeps for a person: a control plane and a key. Undefined without the file, or without both. */
export async function readProfile(env: Environment): Promise<ConnectionOptions | undefined> {
  const folder = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config')
  const file = join(folder, 'core', 'profile.json')
  const text = await readPrivate(file)
  if (text === undefined) return undefined
  const { url, key } = parse(file, text)
  return typeof url === 'string' && typeof key === 'string' ? { url, key } : undefined
}

async function readPrivate(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CoreError('E_CONFIG_INVALID', `${file} holds a key and others on this machine may read it`, {
        fix: `Run: chmod 600 ${file}`,
      })
    }
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function parse(file: string, text: string): { readonly url?: unknown; readonly key?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // said below, without the text: it holds a key
  }
  throw new CoreError('E_CONFIG_INVALID', `${file} is not a profile`, {
    fix: 'Run `core profile set`, or write {"url": "http://127.0.0.1:4400", "key": "ck_live_…"}.',
  })
}
