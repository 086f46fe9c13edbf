import { createHash } from 'node:crypto'
import { CoreError, isCoreError, raceSignal, retry } from '@core/foundation'
import type { PartWriter, StorageDriver } from './driver.ts'
import { type Part, readParts } from './read-parts.ts'
import type { StorageSource, UploadedFile, UploadOptions } from './storage.ts'
import { toStorageError } from './storage-error.ts'

const partsInFlight = 4
const maxParts = 10_000
const attempts = { attempts: 3, baseMs: 200, capMs: 5_000 }

interface Upload {
  readonly driver: StorageDriver
  readonly key: string
  readonly source: StorageSource
  readonly options: UploadOptions
  /** What waits in memory is four of these at most. */
  readonly partBytes: number
}

/** Sends a source whole or not at all: what does not have the size or the hash that was named is never completed. */
export async function uploadParts(
  { driver, key, source, options, partBytes: least }: Upload,
  signal: AbortSignal,
): Promise<UploadedFile> {
  const { size, contentType = 'application/octet-stream', ifAbsent = false, onProgress } = options
  const known = size ?? (source instanceof Uint8Array ? source.byteLength : source instanceof Blob ? source.size : 0)
  // With the known size the parts of one file are at most 10,000, which is all that S3 takes.
  const large = Math.max(least, Math.ceil(known / maxParts))
  // A small file needs no buffer for a large part; with one byte more, what is longer than it says still shows.
  const partBytes = size === undefined ? large : Math.min(large, size + 1)
  const put = { contentType, ifAbsent, size }
  const hash = createHash('sha256')
  let total = 0
  const parts = readParts(abortable(source, signal), partBytes)
  let sourceFailure: { readonly error: unknown } | undefined
  const next = async (): Promise<Part | undefined> => {
    const { value, done } = await parts.next().catch((error: unknown) => {
      sourceFailure = { error }
      throw error
    })
    if (done || value === undefined) return undefined
    hash.update(value.bytes)
    total += value.bytes.byteLength
    if (size !== undefined && total > size) throw wrongSize(size, total)
    onProgress?.(total)
    return value
  }
  const isRetryable = (error: unknown) => {
    const failure = toStorageError(driver.name, error, signal)
    return isCoreError(failure) && failure.retryable
  }
  let writer: PartWriter | undefined
  try {
    const first = await next()
    const second = first && first.bytes.byteLength === partBytes ? await next() : undefined
    if (second === undefined || second.bytes.byteLength === 0) {
      const sha256 = check(hash.digest('hex'), total, options)
      const bytes = first?.bytes ?? new Uint8Array(0)
      const again = ifAbsent ? { ...attempts, attempts: 1 } : attempts
      const sent = () => driver.put(key, bytes, { ...put, sha256 }, signal)
      const { etag } = await retry(sent, { ...again, signal, isRetryable })
      return { key, size: total, etag, sha256 }
    }
    writer = await driver.openParts(key, { ...put, partBytes }, signal)
    const read = [first, second]
    const inFlight = driver.ordered === true ? 1 : partsInFlight
    await writeAll(writer, inFlight, { signal, isRetryable }, async () => read.shift() ?? (await next()))
    const sha256 = check(hash.digest('hex'), total, options)
    const { etag } = await writer.complete(sha256, signal)
    return { key, size: total, etag, sha256 }
  } catch (error) {
    // What is left of an upload that cannot be aborted is the store's to expire; the first failure counts.
    await writer?.abort().catch(() => undefined)
    if (sourceFailure?.error === error && !signal.aborted) throw error // not the store's
    throw toStorageError(driver.name, error, signal)
  } finally {
    await parts.return().catch(() => undefined)
  }
}

async function writeAll(
  writer: PartWriter,
  inFlight: number,
  { signal, isRetryable }: { readonly signal: AbortSignal; readonly isRetryable: (error: unknown) => boolean },
  next: () => Promise<Part | undefined>,
): Promise<void> {
  const writing = new Set<Promise<void>>()
  let number = 0
  try {
    while (true) {
      // What is read waits in memory as what is sent does: no more of both together than may travel.
      while (writing.size >= inFlight) await Promise.race(writing)
      const part = await next()
      if (part === undefined) break
      const { bytes, release } = part
      const at = ++number
      if (at > maxParts) throw tooManyParts()
      const again = inFlight === 1 ? { ...attempts, attempts: 1 } : attempts
      const task = retry(() => writer.write(at, bytes, signal), { ...again, signal, isRetryable }).then(release)
      writing.add(task)
      task.then(
        () => writing.delete(task),
        () => undefined, // stays, so that the race below rejects with it
      )
    }
    await Promise.all(writing)
  } finally {
    await Promise.allSettled(writing)
  }
}

function check(sha256: string, total: number, { size, sha256: named }: UploadOptions): string {
  if (size !== undefined && total !== size) throw wrongSize(size, total)
  if (named === undefined || named.toLowerCase() === sha256) return sha256
  throw new CoreError('E_INVALID', 'the content does not have the sha256 that was named; nothing is kept', {
    fix: 'Send the file again: it was changed or cut on its way.',
    details: { reason: 'sha256_mismatch', expected: named, found: sha256 },
  })
}

function wrongSize(size: number, found: number): CoreError {
  const message = `the content does not have the ${size} bytes that were named; nothing is kept`
  return new CoreError('E_INVALID', message, {
    fix: 'Name the size of what you send, or leave it out.',
    details: { reason: 'size_mismatch', expected: size, found },
  })
}

function tooManyParts(): CoreError {
  return new CoreError('E_TOO_LARGE', `a stream of unknown size can have ${maxParts} parts`, {
    fix: 'Name its size, so that the parts can be larger.',
  })
}

/** Ends a stream that gives nothing more when the call is over. */
function abortable(source: StorageSource, signal: AbortSignal): StorageSource {
  if (source instanceof Uint8Array || source instanceof Blob) return source
  return readUntil(source, signal)
}

async function* readUntil(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  let isDone = false
  try {
    while (true) {
      const { value, done } = await raceSignal(chunks.next(), signal)
      if (done) {
        isDone = true
        return
      }
      yield value
    }
  } finally {
    // Without waiting: a source that hangs does not end either.
    if (!isDone) chunks.return?.()?.catch(() => undefined)
  }
}
