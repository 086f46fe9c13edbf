import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment } from './environment.ts'

/**
 * An environment with what `.env` in the folder adds to it, for development: with NODE_ENV=production the file is not
 * read. A variable that is set already stays, also where it is empty.
 */
export function withDotEnv(env: Environment, folder: string): Environment {
  if (env['NODE_ENV'] === 'production') return env
  try {
    return { ...parseEnv(readFileSync(join(folder, '.env'), 'utf8')), ...env }
  } catch (error) {
    // No file, or one of another user's: what it holds was not meant for this process.
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return env
    throw error
  }
}
