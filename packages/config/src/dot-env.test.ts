import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { withDotEnv } from './dot-env.ts'

const folder = mkdtempSync(join(tmpdir(), 'core-dot-env-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('.env adds what is not set, and is not read in production', () => {
  const env = { CORE_LOG_LEVEL: 'warn', CORE_KEY: '' }
  expect(withDotEnv(env, folder)).toBe(env)
  writeFileSync(join(folder, '.env'), '# mine\nCORE_HTTP_PORT=4500\nCORE_LOG_LEVEL=debug\nCORE_KEY="k"\n')
  expect(withDotEnv(env, folder)).toEqual({ CORE_HTTP_PORT: '4500', ...env })
  const production = { ...env, NODE_ENV: 'production' }
  expect(withDotEnv(production, folder)).toBe(production)
})
