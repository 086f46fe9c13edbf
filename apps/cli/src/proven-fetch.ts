import { randomBytes } from 'node:crypto'
import { isListenerProof, readListenerSecret } from '@core/config'
import { CoreError, isObject } from '@core/foundation'

export interface LocalListener {
  readonly url: string
  /** The folder whose control plane is meant. */
  readonly dataDir: string
}

const proofTimeoutMs = 5_000

/**
 * `fetch` that first has the listener prove that it is the control plane of this folder, once: any program of this
 * machine can take a port that is free for a moment, and would be sent the key.
 */
export function createProvenFetch(local: LocalListener): typeof fetch {
  let proven: Promise<void> | undefined
  return async (input, init) => {
    proven ??= requireProof(local, init?.signal ?? undefined)
    try {
      await proven
    } catch (error) {
      proven = undefined
      throw error
    }
    return fetch(input, init)
  }
}

/** @throws CoreError E_UNAUTHENTICATED where it proves nothing; what `fetch` throws where it does not answer. */
async function requireProof({ url, dataDir }: LocalListener, signal?: AbortSignal): Promise<void> {
  const secret = readListenerSecret(dataDir)
  const { port } = new URL(url)
  const asked = { challenge: randomBytes(32).toString('base64url'), port: Number(port) }
  const limit = AbortSignal.timeout(proofTimeoutMs)
  const response = await fetch(`${url}/livez?challenge=${asked.challenge}`, {
    redirect: 'manual',
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (secret !== undefined && isObject(body) && isListenerProof(body['proof'], secret, asked)) return
  throw new CoreError('E_UNAUTHENTICATED', `what listens at ${url} is not the control plane of ${dataDir}`, {
    fix: 'No key was sent. Stop it and run core start, or name the address that you mean: CORE_URL, with CORE_KEY.',
    details: { url, dataDir },
  })
}
