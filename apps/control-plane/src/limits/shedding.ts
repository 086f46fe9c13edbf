import type { FastifyInstance } from 'fastify'
import { ProblemError } from '../http/problem-error.ts'

/** The reason why the server accepts no more work now; undefined where it does. */
export type Overload = () => string | undefined

/** Probes are answered whatever happens: a busy server that looks dead is restarted, and then none of it is served. */
const probe = /^\/(livez|readyz)$/

/** Refuses requests before anything is done for them while the server is overloaded. */
export function installShedding(app: FastifyInstance, overload: Overload): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const reason = overload()
    if (reason === undefined || probe.test(request.url)) done()
    else done(shed(reason))
  })
}

/** Asks the caller to try again in a moment. */
export function shed(reason: string): ProblemError {
  // Not all at the same moment again.
  const retryAfter = String(1 + Math.floor(Math.random() * 3))
  return new ProblemError('unavailable', reason, { headers: { 'retry-after': retryAfter } })
}
