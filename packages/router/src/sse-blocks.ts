/** The events of a stream as they are on the wire, each with the empty line that ends it. */
export interface Block {
  readonly bytes: Buffer
  readonly text: string
}

/** More than this without an end is no stream of events. */
const maxBlockBytes = 16 * 1024 * 1024

/** Cuts a stream at its empty lines, wherever its chunks were cut. What follows the last one is dropped: it is no event. */
export async function* readBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Block, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let searched = 0
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    let from = 0
    for (;;) {
      const end = endOfBlock(rest, Math.max(from, searched - 3))
      if (end === -1) break
      const bytes = rest.subarray(from, end)
      yield { bytes, text: bytes.toString() }
      from = end
      searched = end
    }
    rest = rest.subarray(from)
    searched = rest.length
    if (rest.length > maxBlockBytes) throw new Error('an event of the stream is too large')
  }
}

const lineFeed = 10
const carriageReturn = 13

/** The place after the first empty line, or -1. Lines end with LF, CR LF or CR. */
function endOfBlock(bytes: Buffer, from: number): number {
  for (let at = Math.max(from, 0); at < bytes.length - 1; at++) {
    const byte = bytes[at]
    if (byte === lineFeed) {
      if (bytes[at + 1] === lineFeed) return at + 2
      if (bytes[at + 1] === carriageReturn && bytes[at + 2] === lineFeed) return at + 3
    } else if (byte === carriageReturn && bytes[at + 1] === carriageReturn) return at + 2
  }
  return -1
}
