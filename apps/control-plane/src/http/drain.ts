import { Server } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from '@core/foundation'
import type { FastifyInstance } from 'fastify'

export interface DrainOptions {
  /** How long all of it may take before the connections that are left are cut. */
  readonly graceMs: number
  /** How long new connections are still accepted, asked when the end begins. Default 0. */
  readonly acceptMs?: () => number
  readonly clock?: Clock
}

/** How long connections that wait to be taken in are looked for, at most. */
const takeInMs = 1000
/** How long no connection may have come and no answer gone: a client that has just been answered opens the next connection. */
const quietMs = 100
/** How long an idle connection may still bring a request, which is answered with `Connection: close`. */
const lingerMs = 1000
const pollMs = 20
const takeInPollMs = 5
/** A wait that ends this much later than asked: the process, or the whole machine, had no CPU, and a client may act late. */
const lateMs = 10
/** A turn of the loop in which hardly anything was done. */
const quietTurnMs = 0.2

/**
 * Makes `app.close()` lose no request: after `acceptMs` new connections are refused, but those that are open keep being served,
 * and the next answer on each has `Connection: close`. Node alone resets idle connections first, and with them the requests
 * that are on their way.
 */
export function installDrain(
  app: FastifyInstance,
  { graceMs, acceptMs = () => 0, clock = systemClock }: DrainOptions,
): void {
  let inFlight = 0
  let lastMovedAt = Number.NEGATIVE_INFINITY
  const moved = () => {
    lastMovedAt = clock.monotonic()
  }
  const ended = () => {
    inFlight--
    moved()
  }
  app.server.on('request', (_request, response) => {
    inFlight++
    response.on('close', ended) // comes once
  })
  let connections = 0
  app.server.on('connection', () => {
    connections++
    moved()
  })

  /**
   * The kernel has accepted connections that this process has not: they would be reset with what they sent. While they
   * are taken in, requests are held: a client that waits for its answer opens no further connection. The turns of the
   * loop continue until nothing has moved for a while (on a busy machine a client acts late on its answer, and this
   * process may lose the CPU between its last look and the end of listening; a time in which it had no CPU is no quiet
   * one) and a short turn brings none; in a long one others may have come after it looked.
   */
  let isAccepting = false
  let held: Promise<void> | undefined
  app.addHook('onRequest', (_request, reply, done) => {
    // Nothing closes its connection yet: its client would open a new one.
    if (isAccepting) reply.raw.removeHeader('connection')
    if (held === undefined) done()
    else void held.then(() => done())
  })
  async function takeInWaiting(elapsedMs: () => number): Promise<void> {
    isAccepting = true
    await clock.sleep(Math.min(acceptMs(), graceMs / 3))
    isAccepting = false
    const { promise, resolve: release } = Promise.withResolvers<void>()
    held = promise
    await nextTurn() // this turn may have looked for connections before the signal came
    const untilMs = Math.min(elapsedMs() + takeInMs, graceMs)
    while (clock.monotonic() - lastMovedAt < quietMs && elapsedMs() < untilMs) {
      const sleptAt = clock.monotonic()
      await clock.sleep(takeInPollMs)
      if (clock.monotonic() - sleptAt > takeInPollMs + lateMs) moved()
    }
    let quietTurns = 0
    while (quietTurns < 3 && elapsedMs() < untilMs) {
      const before = connections
      const turnedAt = performance.now()
      await nextTurn()
      const isQuiet = before === connections && performance.now() - turnedAt < quietTurnMs
      quietTurns = isQuiet ? quietTurns + 1 : 0
    }
    // http's own close would reset the idle connections; the socket server's only stops listening.
    Server.prototype.close.call(app.server)
    held = undefined
    release()
  }

  app.addHook('preClose', async () => {
    const startedAt = clock.monotonic()
    const elapsedMs = () => clock.monotonic() - startedAt
    await takeInWaiting(elapsedMs)
    const lingerUntilMs = elapsedMs() + lingerMs
    while ((await countConnections(app.server)) > 0 && elapsedMs() < graceMs) {
      if (inFlight === 0 && elapsedMs() >= lingerUntilMs) break
      await clock.sleep(pollMs)
    }
    app.server.closeAllConnections()
  })
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
