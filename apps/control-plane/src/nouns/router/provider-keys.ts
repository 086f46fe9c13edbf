import type { Config } from '@core/config'
import { isCoreError, toHeaderValue } from '@core/foundation'
import { type Provider, TransportError } from '@core/router'
import { LRUCache } from 'lru-cache'
import type { Vault } from '../../vault/vault.ts'
import { configured } from './routing-table.ts'

const names = ['openai', 'anthropic', 'manus', 'compatible'] as const

/**
 * The key of a provider: the secret it names, of its own project, or of the installation for a shared provider. Where the
 * installation has no such secret, a shared provider gets the key that the configuration has under that name.
 */
export interface ProviderKeys {
  /** As calls use it: a secret is read again after five seconds. @throws TransportError where there is no key that can be sent. */
  keyOf(provider: Provider): Promise<string | undefined> | string | undefined
  /** As it is now, for the calls that follow as well. @throws TransportError as `keyOf`. */
  readKeyOf(provider: Provider): Promise<string | undefined>
}

export function createProviderKeys({ vault, llm }: { vault: Vault; llm: Config['llm'] }): ProviderKeys {
  // A replaced secret counts soon, and a call does not wait for the database.
  const kept = new LRUCache<string, Promise<string | undefined>>({ max: 1_000, ttl: 5_000 })

  function keyOf({ name, project, secret }: Provider): Promise<string | undefined> | string | undefined {
    if (secret === undefined) return undefined
    const own = names.find((one) => secret === `${configured}${one}`)
    return own ? llm.keys[own]?.reveal() : storedKeyOf(name, project, secret)
  }

  async function storedKeyOf(name: string, project: string | null, secret: string): Promise<string | undefined> {
    const place = placeOf(project, secret)
    let key = kept.get(place)
    if (key === undefined) {
      key = reveal(project, secret)
      kept.set(place, key)
    }
    try {
      return await key
    } catch (error) {
      if (kept.get(place) === key) kept.delete(place)
      // Its owner has to set it; a database that is away comes back.
      const isMissing = isCoreError(error, 'E_NOT_FOUND') || isCoreError(error, 'E_INVALID')
      const message = `the key of ${name}, the secret ${secret}, cannot be read or sent`
      throw new TransportError(message, false, isMissing ? 'auth' : 'unavailable')
    }
  }

  async function reveal(project: string | null, secret: string): Promise<string | undefined> {
    try {
      return toHeaderValue(secret, (await vault.reveal(project, secret)).reveal())
    } catch (error) {
      const inConfiguration = project === null ? names.find((one) => one === secret) : undefined
      if (!isCoreError(error, 'E_NOT_FOUND') || inConfiguration === undefined) throw error
      return llm.keys[inConfiguration]?.reveal()
    }
  }

  return {
    keyOf,
    async readKeyOf(provider) {
      const { project, secret } = provider
      if (secret !== undefined) kept.delete(placeOf(project, secret))
      return await keyOf(provider)
    },
  }
}

const placeOf = (project: string | null, secret: string) => JSON.stringify([project, secret])
