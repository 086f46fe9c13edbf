import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureSecretsKey, readSecretsKey, secretsKeyFile } from './secrets-key-file.ts'

test('a key is made once, for this user alone, and nothing else is left', () => {
  const parent = mkdtempSync(join(tmpdir(), 'core-key-'))
  const folder = join(parent, 'core')
  expect(readSecretsKey(folder)).toBeUndefined()
  const key = ensureSecretsKey(folder)
  expect(Buffer.from(key, 'base64')).toHaveLength(32)
  expect(ensureSecretsKey(folder)).toBe(key)
  expect(readSecretsKey(folder)).toBe(key)
  expect(statSync(secretsKeyFile(folder)).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['secrets-key'])
  rmSync(parent, { recursive: true })
})
