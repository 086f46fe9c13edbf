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
const takeInMs = 2000
/** How long an idle connection may still bring a request, which is answered with `Connection: close`. */
const lingerMs = 1000
const pollMs = 20
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
  const ended = () => inFlight--
  app.server.on('request', (_request, response) => {
    inFlight++
    response.on('close', ended) // comes once
  })
  let connections = 0
  app.server.on('connection', () => connections++)

  /**
   * The kernel has accepted connections that this process has not: they would be reset with what they sent. One is taken
   * in per turn of the loop. Until all are, no answer closes its connection: its client would open a new one.
   */
  let isTakingIn = false
  app.addHook('onRequest', (_request, reply, done) => {
    if (isTakingIn) reply.raw.removeHeader('connection')
    done()
  })
  async function takeInWaiting(elapsedMs: () => number): Promise<void> {
    isTakingIn = true
    await clock.sleep(Math.min(acceptMs(), graceMs / 4))
    await nextTurn() // this turn may have looked for connections before the signal came
    const untilMs = Math.min(elapsedMs() + takeInMs, graceMs)
    let isQuiet = false
    // In a long turn others may have come after it looked: the last one is short and brings none.
    for (let before = -1; (before !== connections || !isQuiet) && elapsedMs() < untilMs; ) {
      before = connections
      const turnedAt = performance.now()
      await nextTurn()
      isQuiet = performance.now() - turnedAt < quietTurnMs
    }
    isTakingIn = false
  }

  app.addHook('preClose', async () => {
    const startedAt = clock.monotonic()
    const elapsedMs = () => clock.monotonic() - startedAt
    await takeInWaiting(elapsedMs)
    // http's own close would reset the idle connections; the socket server's only stops listening.
    Server.prototype.close.call(app.server)
    while ((await countConnections(app.server)) > 0 && elapsedMs() < graceMs) {
      if (inFlight === 0 && elapsedMs() >= lingerMs) break
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
