import { crc32 } from 'node:zlib'
import { journalCorrupt } from './journal-error.ts'

/**
 * One write of the journal, all or nothing: 20 bytes of header, then the payload. The header has a checksum of its own,
 * apart from the payload, so that a damaged length cannot make later frames disappear. Integers are little-endian:
 * magic, payload bytes, number (0, 1, 2, …), CRC-32 of the payload, CRC-32 of the 16 bytes before.
 */
export const HEADER_BYTES = 20
/** Payload of one frame at most. A torn tail cannot be longer: a frame is written after the one before is on disk. */
export const MAX_PAYLOAD_BYTES = 256 * 1024

const MAGIC = Buffer.from('CLJ1')

/** Fills in the header of a frame whose payload begins at HEADER_BYTES, and returns the part to write. */
export function sealFrame(frame: Buffer, payloadBytes: number, number: number): Buffer {
  const end = HEADER_BYTES + payloadBytes
  MAGIC.copy(frame, 0)
  frame.writeUInt32LE(payloadBytes, 4)
  frame.writeUInt32LE(number, 8)
  frame.writeUInt32LE(crc32(frame.subarray(HEADER_BYTES, end)), 12)
  frame.writeUInt32LE(crc32(frame.subarray(0, 16)), 16)
  return frame.subarray(0, end)
}

export interface FrameScan {
  payloads: Buffer[]
  /** Where the next frame goes: the bytes after it are a torn write, of which nothing was acknowledged. */
  end: number
}

/**
 * Reads all frames of a journal. An unfinished frame at the end, left by a crash, is ignored. A bad frame before
 * a good one is not a torn write but damage: E_LEASE_JOURNAL, `journal_corrupt`, because dropping it would lose spends.
 */
export function readFrames(bytes: Buffer, file: string): FrameScan {
  const payloads: Buffer[] = []
  let offset = 0
  while (offset < bytes.length) {
    const payload = frameAt(bytes, offset)
    if (payload === undefined) break
    if (bytes.readUInt32LE(offset + 8) !== payloads.length) throw journalCorrupt(file, offset, 'a frame is missing')
    payloads.push(payload)
    offset += HEADER_BYTES + payload.length
  }
  // The file gets its name with the first frame in it: without one this is another program's file.
  if (offset === 0)
    throw journalCorrupt(file, 0, bytes.length === 0 ? 'it is empty' : 'it does not begin as a journal does')
  if (bytes.length - offset > HEADER_BYTES + MAX_PAYLOAD_BYTES) {
    throw journalCorrupt(file, offset, 'more than one write is unreadable')
  }
  for (let next = bytes.indexOf(MAGIC, offset + 1); next >= 0; next = bytes.indexOf(MAGIC, next + 1)) {
    if (frameAt(bytes, next)) throw journalCorrupt(file, offset, 'a checksum is wrong')
  }
  return { payloads, end: offset }
}

/** The payload of the whole and undamaged frame at an offset, or undefined. */
function frameAt(bytes: Buffer, offset: number): Buffer | undefined {
  if (bytes.length - offset < HEADER_BYTES || bytes.compare(MAGIC, 0, 4, offset, offset + 4) !== 0) return undefined
  if (crc32(bytes.subarray(offset, offset + 16)) !== bytes.readUInt32LE(offset + 16)) return undefined
  const start = offset + HEADER_BYTES
  const payload = bytes.subarray(start, start + bytes.readUInt32LE(offset + 4))
  if (payload.length !== bytes.readUInt32LE(offset + 4)) return undefined
  return crc32(payload) === bytes.readUInt32LE(offset + 12) ? payload : undefined
}
