import { type Clock, fullJitterMs, type Logger, raceSignal } from '@core/foundation'
import pg from 'pg'
import { quoteIdentifier } from '../rpc-statement.ts'
import { toConnectionError } from './postgres-error.ts'

export interface ListenDependencies {
  connection: pg.ClientConfig
  channel: string
  onHint: (payload: string) => void
  logger: Logger
  clock: Clock
  signal: AbortSignal
  /** Called once, with the connection that listens and a signal of its end. */
  onListening?: ((client: pg.Client, stopped: AbortSignal) => void) | undefined
}

/** Pauses between attempts to connect again. */
const RECONNECT = { baseMs: 100, capMs: 5_000 }

/** Listens on a separate connection. After a loss it reconnects and sends one empty hint: some may have been missed. */
export async function listenOnConnection(dependencies: ListenDependencies): Promise<AsyncDisposable> {
  const { channel, onHint, logger, clock, signal } = dependencies
  const stopped = new AbortController()
  let client = await connectAndListen(signal)
  dependencies.onListening?.(client, stopped.signal)

  async function connectAndListen(limit: AbortSignal): Promise<pg.Client> {
    const next = new pg.Client(dependencies.connection)
    next.on('error', (error) => logger.debug({ error, channel }, 'the listening connection was lost'))
    next.on('notification', (notification) => {
      if (notification.channel === channel) onHint(notification.payload ?? '')
    })
    const listening = next.connect().then(() => next.query(`listen ${quoteIdentifier(channel)}`))
    try {
      await raceSignal(listening, limit)
    } catch (error) {
      void end(next)
      throw limit.aborted ? error : toConnectionError(error)
    }
    next.once('end', () => void reconnect())
    return next
  }

  async function reconnect(): Promise<void> {
    for (let attempt = 1; !stopped.signal.aborted; attempt++) {
      try {
        await clock.sleep(fullJitterMs(attempt, RECONNECT), { signal: stopped.signal })
        client = await connectAndListen(stopped.signal)
        onHint('')
        return
      } catch (error) {
        if (!stopped.signal.aborted) logger.debug({ error, channel }, 'listening again failed')
      }
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      if (stopped.signal.aborted) return
      stopped.abort(new Error('listening was stopped'))
      await end(client)
    },
  }
}

async function end(client: pg.Client): Promise<void> {
  await client.end().catch(() => undefined)
}
