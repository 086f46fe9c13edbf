import type { LookupFunction } from 'node:net'
import { buildConnector, Client, type Dispatcher } from 'undici'

/** One connection for one call at a time. */
export class HttpConnection {
  /** It has served a call before: its other end may have closed it meanwhile. */
  isReused = false
  readonly #client: Client
  readonly #idle: HttpConnection[]

  constructor(client: Client, idle: HttpConnection[]) {
    this.#client = client
    this.#idle = idle
    client.on('disconnect', () => {
      const place = idle.indexOf(this)
      if (place >= 0) idle.splice(place, 1)
    })
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler)
  }

  /** Its call is over, and it may serve another. */
  release(): void {
    this.isReused = true
    if (this.#idle.length < maxIdle) this.#idle.push(this)
    else void this.#client.close()
  }

  /** Its call failed. */
  discard(): void {
    void this.#client.destroy()
  }
}

const maxIdle = 64
/** Providers that say how long they keep a connection are believed instead. */
const idleMs = 60_000

/** The connections to one origin: as many as there are calls at once. The one that was used last is taken first. */
export class HttpConnections {
  readonly #origin: string
  readonly #options: Client.Options
  readonly #idle: HttpConnection[] = []

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
    return this.#idle.pop() ?? new HttpConnection(new Client(this.#origin, this.#options), this.#idle)
  }
}
