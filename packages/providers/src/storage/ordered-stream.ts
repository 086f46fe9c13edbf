import type { PartWriter } from './driver.ts'

/**
 * A writer of parts for stores that take one stream: `send` gets it at once, and it ends at `complete`. Until then the
 * request is not whole, so an abort leaves nothing behind.
 */
export function writeAsStream(
  send: (stream: ReadableStream<Uint8Array>) => Promise<{ readonly etag: string }>,
): PartWriter {
  let taken = Promise.withResolvers<void>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given
      },
      pull: () => taken.resolve(),
    },
    { highWaterMark: 0 },
  )
  const sent = send(stream)
  const failed = sent.then(
    () => Promise.reject(new Error('the store answered before the end')),
    (error: unknown) => Promise.reject(error),
  )
  failed.catch(() => undefined)
  return {
    async write(_number, bytes) {
      await Promise.race([taken.promise, failed])
      taken = Promise.withResolvers<void>()
      controller?.enqueue(Uint8Array.from(bytes)) // the caller uses its bytes again
      await Promise.race([taken.promise, failed])
    },
    async complete() {
      controller?.close()
      return await sent
    },
    async abort() {
      controller?.error(new Error('the upload was ended'))
      await sent.catch(() => undefined)
    },
  }
}
