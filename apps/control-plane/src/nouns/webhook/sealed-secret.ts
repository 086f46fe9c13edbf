import { callable, webhookRewrap, webhookStale } from '@core/api/functions'
import type { SealPlace } from '@core/foundation/seal'
import type { FindStaleSeals, Vault } from '../../vault/vault.ts'

/** Both secrets of a webhook belong to one place: a rotation moves the first to the second. */
export function webhookPlace(project: string, name: string): SealPlace {
  return [project, `webhook:${name}`, 'signing']
}

export interface SealedSecrets {
  readonly project: string
  readonly name: string
  readonly secrets: readonly string[]
}

export function openSecrets(vault: Pick<Vault, 'open'>, { project, name, secrets }: SealedSecrets): string[] {
  return secrets.map((sealed) => vault.open(webhookPlace(project, name), sealed).reveal())
}

export const findStaleWebhookSecrets: FindStaleSeals = async (rpc, keyId, limit) => {
  const { secrets } = await callable({ rpc }, webhookStale)({ keyId, limit })
  return secrets.map(({ webhook, project, name, sealed }) => ({
    place: webhookPlace(project, name),
    sealed,
    replace: async (to) => (await callable({ rpc }, webhookRewrap)({ webhook, from: sealed, to })).rewrapped,
  }))
}
