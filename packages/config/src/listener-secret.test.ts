import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  isListenerProof,
  listenerSecretFile,
  makeListenerSecret,
  proveListener,
  readListenerSecret,
} from './listener-secret.ts'

test('only this user reads the secret, and each start has its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'core-listener-'))
  try {
    expect(readListenerSecret(folder)).toBeUndefined()
    const secret = makeListenerSecret(folder)
    expect(readListenerSecret(folder)).toBe(secret)
    expect(statSync(listenerSecretFile(folder)).mode & 0o777).toBe(0o600)
    expect(makeListenerSecret(folder)).not.toBe(secret)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a proof holds for one secret, one challenge and one port', () => {
  const asked = { challenge: 'c', port: 4400 }
  const proof = proveListener('s', asked)
  expect(isListenerProof(proof, 's', asked)).toBe(true)
  expect(isListenerProof(proof, 't', asked)).toBe(false)
  expect(isListenerProof(proof, 's', { ...asked, challenge: 'd' })).toBe(false)
  expect(isListenerProof(proof, 's', { ...asked, port: 4401 })).toBe(false)
  for (const nothing of [undefined, '', {}]) expect(isListenerProof(nothing, 's', asked)).toBe(false)
})
