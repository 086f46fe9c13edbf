import type { FastifyRequest } from 'fastify'
import type { LargeBodies } from '../limits/large-bodies.ts'
import { shed } from '../limits/shedding.ts'

/** From this size on, bodies take turns: smaller ones cost no more than a request without one. */
const largeBytes = 4096

/** Hands a body on; a large one in the turn of its caller. `done` does all synchronous work of the request. */
export type BodyTurns = <Body extends string | Buffer>(
  request: Pick<FastifyRequest, 'caller' | 'ip'>,
  body: Body,
  done: (error: Error | null, body?: Body) => void,
) => void

export function createBodyTurns(largeBodies: LargeBodies): BodyTurns {
  return (request, body, done) => {
    if (body.length < largeBytes) done(null, body)
    else
      largeBodies.run(
        callerOf(request),
        body.length,
        () => done(null, body),
        () => done(shed('too many large bodies wait for their turn')),
      )
  }
}

/** Keys of one project share its turn. */
function callerOf({ caller, ip }: Pick<FastifyRequest, 'caller' | 'ip'>): string {
  return caller?.principal.project || (caller?.principal.subject ?? ip)
}
