import type { StorageSource } from './storage.ts'

/** A piece of the source. Its bytes are used again for a later one after `release`. */
export interface Part {
  readonly bytes: Uint8Array
  release(): void
}

const keep = () => {}

/** Cuts a source into parts of one size, the last one shorter. There is always one, of an empty source an empty one. */
export async function* readParts(source: StorageSource, partBytes: number): AsyncGenerator<Part, void, undefined> {
  if (source instanceof Uint8Array) {
    let at = 0
    do {
      yield { bytes: source.subarray(at, at + partBytes), release: keep }
      at += partBytes
    } while (at < source.byteLength)
    return
  }
  yield* joinChunks(source instanceof Blob ? source.stream() : source, partBytes)
}

async function* joinChunks(
  source: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Part, void, undefined> {
  const free: Uint8Array[] = []
  // Parts are written again and again into the same few buffers: a gigabyte must not become a gigabyte of garbage.
  const take = () => free.pop() ?? new Uint8Array(partBytes)
  const part = (buffer: Uint8Array, length: number): Part => ({
    bytes: buffer.subarray(0, length),
    release: () => void free.push(buffer),
  })
  let buffer: Uint8Array | undefined
  let length = 0
  let isEmpty = true
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength; ) {
      buffer ??= take()
      const piece = chunk.subarray(at, at + partBytes - length)
      buffer.set(piece, length)
      length += piece.byteLength
      at += piece.byteLength
      if (length < partBytes) continue
      yield part(buffer, length)
      isEmpty = false
      buffer = undefined
      length = 0
    }
  }
  if (isEmpty || length > 0) yield part(buffer ?? new Uint8Array(0), length)
}
