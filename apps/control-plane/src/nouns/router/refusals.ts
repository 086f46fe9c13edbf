import { type Provider, type Routing, toTargetKey } from '@core/router'
import type { ProviderKeys } from './provider-keys.ts'

export interface Refusals {
  /** Remembers with what this target was called when its provider refused it. */
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
  const refused = new Map<string, Promise<string | undefined>>()

  /** What a call of the target would be sent with; undefined where its provider is gone. */
  async function credentialOf(target: string, keyOf: ProviderKeys['keyOf']): Promise<string | undefined> {
    const { providers } = await routing()
    const provider = providers.find((one) => target.startsWith(toTargetKey(one, '')))
    return provider && JSON.stringify([provider.baseUrl, await keyOrNone(provider, keyOf)])
  }

  return {
    add(target) {
      if (refused.size >= most) refused.delete(refused.keys().next().value ?? '')
      refused.set(
        target,
        credentialOf(target, keys.keyOf).catch(() => undefined),
      )
    },
    async ended(isCooling) {
      const ended: string[] = []
      for (const [target, credential] of refused) {
        if (!isCooling(target)) refused.delete(target)
        else if ((await credentialOf(target, keys.readKeyOf)) !== (await credential)) {
          refused.delete(target)
          ended.push(target)
        }
      }
      return ended
    },
  }
}

/** A key that cannot be read or sent is as good as none. */
async function keyOrNone(provider: Provider, keyOf: ProviderKeys['keyOf']): Promise<string | undefined> {
  try {
    return await keyOf(provider)
  } catch {
    return undefined
  }
}
