import { type Provider, type Routing, type Target, toTargetKey } from '@core/router'
import { LRUCache } from 'lru-cache'
import type { ProviderKeys } from './provider-keys.ts'

export interface Refusals {
  /** A call of the target was refused that was sent with this key: what the cooling that may follow is about. */
  note(target: Target, key: string | undefined): void
  /** Remembers that the target is cooled because its provider refused the key. */
  add(target: string): void
  /** Of those still cooling, the ones that would now be called with another key, or at another address. */
  ended(isCooling: (target: string) => boolean): Promise<readonly string[]>
}

interface RefusalsOptions {
  readonly routing: () => Routing | Promise<Routing>
  readonly keys: ProviderKeys
}

/** More are left to the end of their cooling. */
const most = 1_000

/** Targets whose provider refused the key, until somebody sets another. */
export function createRefusals({ routing, keys }: RefusalsOptions): Refusals {
  const noted = new LRUCache<string, string>({ max: most })
  const refused = new LRUCache<string, string>({ max: most })

  /** What a call of the target would be sent with; undefined where its provider is gone. */
  async function credentialOf(target: string): Promise<string | undefined> {
    const { providers } = await routing()
    const provider = providers.find((one) => target.startsWith(toTargetKey(one, '')))
    return provider && toCredential(provider, await keyOrNone(provider, keys))
  }

  return {
    note: (target, key) => void noted.set(target.key, toCredential(target.provider, key)),
    add(target) {
      const credential = noted.get(target)
      if (credential !== undefined) refused.set(target, credential)
    },
    async ended(isCooling) {
      const ended: string[] = []
      for (const [target, credential] of refused) {
        if (!isCooling(target)) refused.delete(target)
        else if ((await credentialOf(target)) !== credential) {
          refused.delete(target)
          ended.push(target)
        }
      }
      return ended
    },
  }
}

const toCredential = ({ baseUrl }: Provider, key: string | undefined) => JSON.stringify([baseUrl, key])

/** A key that cannot be read or sent is as good as none. */
async function keyOrNone(provider: Provider, { readKeyOf }: ProviderKeys): Promise<string | undefined> {
  try {
    return await readKeyOf(provider)
  } catch {
    return undefined
  }
}
