import type { LookupFunction } from 'node:net'
import { buildConnector, Client, type Dispatcher } from 'undici'

/** One connection for one call at a time. */
export interface HttpConnection {
  /** It has served a call before: its other end may have closed it meanwhile. */
  readonly isReused: boolean
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
  /** Its call is over, and it may serve another. */
  release(): void
  /** Its call failed. */
  discard(): void
}

const maxIdle = 64
/** Providers that say how long they keep a connection are believed instead. */
const idleMs = 60_000

/** The connections to one origin: as many as there are calls at once. The one that was used last is taken first. */
export class HttpConnections {
  readonly #origin: string
  readonly #options: Client.Options
  readonly #idle: Client[] = []

  constructor(origin: string, lookup: LookupFunction | undefined) {
    this.#origin = origin
    this.#options = {
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      // One for all of them: its sessions of TLS are what the next connection begins with.
      connect: buildConnector(lookup === undefined ? {} : { lookup }),
    }
  }

  take(): HttpConnection {
    const idle = this.#idle.pop()
    const client = idle ?? this.#open()
    return {
      isReused: idle !== undefined,
      dispatch: (options, handler) => void client.dispatch(options, handler),
      release: () => this.#release(client),
      discard: () => void client.destroy(),
    }
  }

  #open(): Client {
    const client = new Client(this.#origin, this.#options)
    client.on('disconnect', () => {
      const place = this.#idle.indexOf(client)
      if (place >= 0) this.#idle.splice(place, 1)
    })
    return client
  }

  #release(client: Client): void {
    if (this.#idle.length < maxIdle) this.#idle.push(client)
    else void client.close()
  }
}
