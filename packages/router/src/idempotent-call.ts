import type { Logger } from '@core/foundation'
import type { ModelRequest } from './call.ts'
import { GatewayError } from './gateway-error.ts'
import { hashOf, hashOfRequest } from './hash-of.ts'
import type { KeptAnswers } from './kept-answers.ts'
import type { Sink } from './sink.ts'

const maxKeptBytes = 256 * 1024

/**
 * Serves a call whose Idempotency-Key was sent: the kept answer where the same request was answered, else the call, whose
 * plain answer is kept before it is sent. That the key makes no second call is the doing of its hold.
 */
export async function serveIdempotently(
  request: ModelRequest,
  sink: Sink,
  { answers, logger }: { readonly answers: KeptAnswers; readonly logger: Logger },
  serve: (sink: Sink) => Promise<void>,
): Promise<void> {
  const { project, subject, account, idempotencyKey } = request.caller
  const name = { project, keyHash: hashOf(subject, idempotencyKey ?? '') }
  const requestHash = hashOf(account, hashOfRequest(request))
  const kept = await answers.find(name)
  if (kept !== undefined) {
    if (kept.requestHash !== requestHash)
      throw new GatewayError('conflict', 'this Idempotency-Key was used for another call')
    return sink.send(kept.status, { ...kept.headers, 'idempotency-replayed': 'true' }, kept.body)
  }
  let send: (() => Promise<void>) | undefined
  await serve({
    gone: sink.gone,
    get hasBegun() {
      return sink.hasBegun
    },
    begin: (headers) => sink.begin(headers),
    write: (bytes) => sink.write(bytes),
    end: () => sink.end(),
    send(status, headers, body) {
      send ??= async () => {
        const text = typeof body === 'string' ? body : Buffer.from(body).toString()
        if (Buffer.byteLength(text) <= maxKeptBytes) {
          await answers.keep(name, { requestHash, status, headers, body: text }).catch((error: unknown) => {
            logger.warn({ call: request.id, err: error }, 'the answer of a model call is not kept')
          })
        }
        sink.send(status, headers, body)
      }
    },
  })
  await send?.()
}
