import type { Storable } from '@core/foundation'
import { z } from 'zod/mini'
import { HEADER_BYTES, MAX_PAYLOAD_BYTES, sealFrame } from '../lease/journal-frame.ts'

/** A line of a spool's file: what was put, or that it is done. The file begins with an empty frame. */
export type SpoolRecord = { readonly put: string; readonly value: Storable } | { readonly done: string }

/** One record at most, as it is written. */
export const MAX_RECORD_BYTES = 64 * 1024

const record = z.union([
  z.object({ put: z.string(), value: z.custom<Storable>((value) => value !== undefined) }),
  z.object({ done: z.string() }),
])

export function encodeRecord(record: SpoolRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`)
}

/** What is not done yet, in the order in which it was put. Throws for a payload that no spool has written. */
export function readRecords(payloads: readonly Buffer[]): Map<string, Storable> {
  const open = new Map<string, Storable>()
  for (const payload of payloads) {
    for (const line of payload.toString().split('\n')) {
      if (line === '') continue
      const read = record.parse(JSON.parse(line))
      if ('done' in read) open.delete(read.done)
      else open.set(read.put, read.value)
    }
  }
  return open
}

/** The first records, as many as fit into one frame. */
export function takeFrame(records: Buffer[]): Buffer[] {
  let bytes = 0
  const count = records.findIndex((each) => {
    bytes += each.length
    return bytes > MAX_PAYLOAD_BYTES
  })
  return records.splice(0, count < 0 ? records.length : count)
}

export function toFrame(records: readonly Buffer[], number: number): Buffer {
  const payload = Buffer.concat(records)
  const frame = Buffer.alloc(HEADER_BYTES + payload.length)
  payload.copy(frame, HEADER_BYTES)
  return sealFrame(frame, payload.length, number)
}

/** A whole file that holds these records. */
export function toFrames(records: readonly Buffer[]): Buffer[] {
  const rest = [...records]
  const frames = [toFrame([], 0)]
  while (rest.length > 0) frames.push(toFrame(takeFrame(rest), frames.length))
  return frames
}
