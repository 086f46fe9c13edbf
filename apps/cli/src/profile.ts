import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Environment } from '@core/config'
import { CoreError } from '@core/foundation'
import { z } from 'zod'

const profileSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).optional(),
  key: z.string().min(1).optional(),
  project: z.string().min(1).optional(),
})

/** What a person keeps for the commands to use: which control plane, as whom, for which project. */
export type Profile = z.infer<typeof profileSchema>

export function profileFile(env: Environment): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'core', 'profile.json')
}

/** Empty without a file. @throws CoreError E_CONFIG_INVALID for a file that others may read, or that is malformed. */
export function readProfile(env: Environment): Profile {
  const file = profileFile(env)
  const text = readPrivateFile(file)
  if (text === undefined) return {}
  const parsed = profileSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  // Messages of zod name keys and expectations, never the values: the file holds a secret.
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
  throw new CoreError('E_CONFIG_INVALID', `${file} is not a profile: ${faults.join('; ')}`, {
    fix: 'Write {"url": "http://127.0.0.1:4400", "key": "ck_live_…", "project": "smart_layer"}; every part may be left out.',
  })
}

/** A file with a key in it; undefined where there is none. @throws CoreError E_CONFIG_INVALID if others may read it. */
export function readPrivateFile(file: string): string | undefined {
  try {
    const { mode } = statSync(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CoreError('E_CONFIG_INVALID', `${file} holds a key and others on this machine may read it`, {
        fix: `Run: chmod 600 ${file}`,
      })
    }
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Writes the profile for its user alone. It appears whole or not at all. */
export async function keepProfile(env: Environment, profile: Profile): Promise<void> {
  const file = profileFile(env)
  const draft = `${file}.${randomUUID()}`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(draft, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, file)
}
