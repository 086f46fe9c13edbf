import { type Provider, type Routing, toTargetKey } from '@core/router'
import type { KeyOf } from './provider-keys.ts'

export interface Refusals {
  /** Remembers with what this target was called when its provider refused it. */
  add(target: string): void
  /** Of those still cooling, the ones that would now be called with another key, or at another address. */
  ended(isCooling: (target: string) => boolean): Promise<readonly string[]>
}

interface RefusalsOptions {
  readonly routing: () => Routing | Promise<Routing>
  readonly keyOf: KeyOf
}

/** More are left to the end of their cooling. */
const most = 1_000

/** Targets whose provider refused the key, until somebody sets another. */
export function createRefusals({ routing, keyOf }: RefusalsOptions): Refusals {
  const refused = new Map<string, Promise<string | undefined>>()

  /** What a call of the target would be sent with; undefined where its provider is gone. */
  async function credentialOf(target: string): Promise<string | undefined> {
    const { providers } = await routing()
    const provider = providers.find((one) => target.startsWith(toTargetKey(one, '')))
    return provider && JSON.stringify([provider.baseUrl, await readKey(provider)])
  }

  async function readKey(provider: Provider): Promise<string | undefined> {
    try {
      return await keyOf(provider)
    } catch {
      return undefined // as it was, where it could not be sent either
    }
  }

  return {
    add(target) {
      if (refused.size >= most) refused.delete(refused.keys().next().value ?? '')
      refused.set(
        target,
        credentialOf(target).catch(() => undefined),
      )
    },
    async ended(isCooling) {
      const ended: string[] = []
      for (const [target, credential] of refused) {
        if (!isCooling(target)) refused.delete(target)
        else if ((await credentialOf(target)) !== (await credential)) {
          refused.delete(target)
          ended.push(target)
        }
      }
      return ended
    },
  }
}
