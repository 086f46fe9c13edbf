import { connectRealtime, streamEvents } from '@core/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type BoundRoute, serveStream } from '../bound-route.ts'
import { bearerToken, type Keyring, requireScope } from '../keyring.ts'
import { ProblemError } from '../problem-error.ts'
import type { Realtime } from '../realtime/realtime.ts'
import type { Credential } from '../realtime/socket-connection.ts'

export interface RealtimeRoutesDependencies {
  readonly realtime: Pick<Realtime, 'acceptSocket' | 'openStream'>
  readonly keyring: Pick<Keyring, 'resolve'>
}

export function createRealtimeRoutes({ realtime, keyring }: RealtimeRoutesDependencies): BoundRoute[] {
  return [
    serveStream(connectRealtime, async (_call, request, reply) => {
      const open = realtime.acceptSocket(request.raw, await credentialOf(request, keyring))
      reply.hijack()
      open()
    }),

    serveStream(streamEvents, async ({ principal, project, query: { topics, since } }, request, reply) => {
      const token = bearerToken(request.headers.authorization)
      const from = lastEventId(request.headers['last-event-id']) ?? (since === undefined ? undefined : { seq: since })
      const open =
        request.method === 'HEAD'
          ? () => reply.raw.end()
          : await realtime.openStream({
              principal,
              token,
              project,
              topics,
              since: from === undefined ? undefined : { epoch: undefined, ...from },
            })
      beginStream(reply)
      open(reply.raw)
    }),
  ]
}

/** Who asks, where a header says so; browsers say it in their first frame. */
async function credentialOf(
  { headers }: FastifyRequest,
  keyring: Pick<Keyring, 'resolve'>,
): Promise<Credential | undefined> {
  if (headers.authorization === undefined) return undefined
  const token = bearerToken(headers.authorization)
  const principal = await keyring.resolve(token)
  requireScope(principal, 'event:read')
  return { principal, token }
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
