import type { FastifyRequest, preParsingHookHandler } from 'fastify'
import { ProblemError } from './problem-error.ts'
import { shown } from './shown.ts'

/** Throws unsupported_media_type where a body is compressed: nothing here unpacks one, and packed bytes would be taken for the content. */
export function requireUncompressed(headers: FastifyRequest['headers']): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return
  throw new ProblemError(
    'unsupported_media_type',
    `the body must not be compressed, and the Content-Encoding is ${shown(encoding)}`,
    { fix: 'Send the body as it is, without Content-Encoding.' },
  )
}

/** The same for addresses whose bodies need not be JSON. */
export const refuseCompressed: preParsingHookHandler = (request, _reply, payload, done) => {
  try {
    requireUncompressed(request.headers)
    done(null, payload)
  } catch (error) {
    done(error instanceof Error ? error : new Error('the body was refused', { cause: error }))
  }
}
