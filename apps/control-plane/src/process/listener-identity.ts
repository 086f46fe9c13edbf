import { type DatabaseSettings, makeListenerSecret, proveListener } from '@core/config'

export interface ListenerIdentity {
  /** From now on challenges are answered, for this port. */
  listensAt(url: string): void
  prove(challenge: string): string | undefined
}

/**
 * Lets commands on this machine tell this process from another one on its port. Its secret lies beside the embedded
 * database, which one process at a time has open; a control plane on a server has no folder that it shares with them.
 */
export function createListenerIdentity(database: DatabaseSettings): ListenerIdentity {
  const secret = database.driver === 'embedded' ? makeListenerSecret(database.dataDir) : undefined
  let port: number | undefined
  return {
    listensAt(url) {
      port = Number(new URL(url).port)
    },
    prove: (challenge) =>
      secret === undefined || port === undefined ? undefined : proveListener(secret, { challenge, port }),
  }
}
