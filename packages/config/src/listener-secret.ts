import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '@core/foundation/file-lock'

/**
 * Beside the embedded database: what the control plane that has it open proves itself with, so that a key goes to it and
 * not to a program that took its port. Who may read it may read the database's own files.
 */
export function listenerSecretFile(dataDir: string): string {
  return join(dataDir, 'listener-secret')
}

/** Writes a new one, readable by this user alone, and returns it. It appears whole or not at all. */
export function makeListenerSecret(dataDir: string): string {
  const file = listenerSecretFile(dataDir)
  const draft = `${file}.${randomUUID()}`
  const secret = randomBytes(32).toString('base64url')
  makeFolder(dataDir)
  writeFileSync(draft, secret, { mode: 0o600 })
  renameSync(draft, file)
  return secret
}

/** Undefined where no control plane has kept one here. */
export function readListenerSecret(dataDir: string): string | undefined {
  try {
    return readFileSync(listenerSecretFile(dataDir), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

export interface ListenerChallenge {
  /** A random text that the asker made. */
  readonly challenge: string
  /** The port that was asked: an answer fetched from another one is none. */
  readonly port: number
}

export function proveListener(secret: string, { challenge, port }: ListenerChallenge): string {
  return createHmac('sha256', secret).update(`core listener\n${port}\n${challenge}`).digest('base64url')
}

export function isListenerProof(proof: unknown, secret: string, challenge: ListenerChallenge): boolean {
  const expected = Buffer.from(proveListener(secret, challenge))
  const given = Buffer.from(typeof proof === 'string' ? proof : '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
