import type { IncomingMessage } from 'node:http'
import { ProblemError } from '../../http/problem-error.ts'

/** The size that a request announces. @throws ProblemError invalid where it announces none. */
export function announcedSize({ headers }: Pick<IncomingMessage, 'headers'>): number {
  const size = Number(headers['content-length'])
  if (headers['content-length'] !== undefined && Number.isSafeInteger(size) && size >= 0) return size
  const message = 'missing'
  throw new ProblemError('invalid', `header.Content-Length: ${message}`, {
    errors: [{ location: 'header.Content-Length', message, fix: 'Send the size of the file in bytes.' }],
  })
}

/** The body of a request as it comes. A client that sends nothing for so long ends it with request_timeout. */
export async function* readBody(
  request: IncomingMessage,
  stallMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: AsyncIterator<Uint8Array> = request[Symbol.asyncIterator]()
  while (true) {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new ProblemError('request_timeout', 'the rest of the file did not come')),
      stallMs,
    )
    const { value, done } = await Promise.race([chunks.next(), late.promise]).finally(() => clearTimeout(timer))
    if (done) return
    yield value
  }
}
