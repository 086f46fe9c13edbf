import { connectRealtime, streamEvents } from '@core/api'
import { CoreError } from '@core/foundation'
import type { FastifyReply } from 'fastify'
import { bearerToken, requireScope } from '../../auth/keyring.ts'
import { type BoundRoute, serveStream } from '../../http/bound-route.ts'
import { ProblemError } from '../../http/problem-error.ts'
import type { Realtime } from '../../realtime/realtime.ts'

export function eventRoutes(realtime: Pick<Realtime, 'acceptSocket' | 'openStream'>): BoundRoute[] {
  return [
    serveStream(connectRealtime, async ({ principal }, request, reply) => {
      const { authorization } = request.headers
      if (authorization !== undefined) requireScope(principal, 'event:read')
      const credential = authorization === undefined ? undefined : { principal, token: bearerToken(authorization) }
      const { authenticate } = request
      if (authenticate === null) throw new CoreError('E_INTERNAL', 'late authentication is not enabled on this route')
      const open = realtime.acceptSocket(request.raw, credential, authenticate)
      reply.hijack()
      open()
    }),

    serveStream(streamEvents, async ({ principal, project, claims, query: { topics, since } }, request, reply) => {
      const token = bearerToken(request.headers.authorization)
      const from = lastEventId(request.headers['last-event-id']) ?? (since === undefined ? undefined : { seq: since })
      const open =
        request.method === 'HEAD'
          ? () => reply.raw.end()
          : await realtime.openStream({
              principal,
              token,
              project,
              claims,
              topics,
              since: from === undefined ? undefined : { epoch: undefined, ...from },
            })
      beginStream(reply)
      open(reply.raw)
    }),
  ]
}

function lastEventId(header: string | string[] | undefined): { epoch: string; seq: number } | undefined {
  if (header === undefined || header === '') return undefined
  const [, epoch, seq] = /^([0-9a-f-]{36}):(\d{1,15})$/.exec(String(header)) ?? []
  if (epoch !== undefined && seq !== undefined) return { epoch, seq: Number(seq) }
  const message = 'must be the id of an event, <epoch>:<seq>'
  throw new ProblemError('invalid', `header.Last-Event-ID: ${message}`, {
    errors: [{ location: 'header.Last-Event-ID', message, fix: 'Send the id of the last event as it came.' }],
  })
}

/** From here on the answer is written by hand; what hooks have set goes with it. */
function beginStream(reply: FastifyReply): void {
  reply.hijack()
  const headers = Object.entries(reply.getHeaders()).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  reply.raw.writeHead(200, {
    ...Object.fromEntries(headers),
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no', // nginx would hold events back
  })
  reply.raw.flushHeaders()
}
