import type { Provider, Target } from './routing.ts'
import type { SendWithKey, Transport } from './transport.ts'

export interface ProviderKey {
  /** The key of a provider, as it is when the call begins. */
  readonly keyOf: (provider: Provider) => Promise<string | undefined> | string | undefined
  /**
   * Called when a provider answers 401, 403 or 429, with the key that this call was sent with, which may have been replaced since;
   * undefined where there was none, or none that could be sent.
   */
  readonly onRefused?: (target: Target, key: string | undefined) => void
}

/** The statuses of an answer that a key of another account might not get. */
const refusals: ReadonlySet<number> = new Set([401, 403, 429])

export function createKeyedTransport({ keyOf, onRefused }: ProviderKey, send: SendWithKey): Transport {
  return async (request) => {
    const { target } = request
    let key: string | undefined
    try {
      key = await keyOf(target.provider)
    } catch (error) {
      onRefused?.(target, undefined)
      throw error
    }
    const response = await send(request, key)
    if (refusals.has(response.status)) onRefused?.(target, key)
    return response
  }
}
