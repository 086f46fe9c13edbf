import { type DatabaseSettings, makeListenerSecret, proveListener } from '@core/config'
import type { Logger } from '@core/foundation'

export interface ListenerIdentity {
  /** From now on challenges are answered, for this port. */
  listensAt(url: string): void
  prove(challenge: string): string | undefined
}

/**
 * Lets commands on this machine tell this process from another one on its port. Its secret lies beside the embedded
 * database, which one process at a time has open; a control plane on a server has no folder that it shares with them.
 */
export function createListenerIdentity(database: DatabaseSettings, logger: Logger): ListenerIdentity {
  const secret = database.driver === 'embedded' ? make(database.dataDir, logger) : undefined
  let port: number | undefined
  return {
    listensAt(url) {
      port = Number(new URL(url).port)
    },
    prove: (challenge) =>
      secret === undefined || port === undefined ? undefined : proveListener(secret, { challenge, port }),
  }
}

/** A full disk does not keep the control plane from answering reads. */
function make(dataDir: string, logger: Logger): string | undefined {
  try {
    return makeListenerSecret(dataDir)
  } catch (error) {
    logger.warn({ err: error }, 'the listener secret could not be written: core sends no key to this address unnamed')
    return undefined
  }
}
