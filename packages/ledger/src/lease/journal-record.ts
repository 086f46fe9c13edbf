import { findUnstorable, isObject, type Storable } from '@core/foundation'
import { z } from 'zod/mini'
import type { Metadata } from '../metadata.ts'
import { HEADER_BYTES, MAX_PAYLOAD_BYTES, sealFrame } from './journal-frame.ts'
import { type JournalNote, parseNote } from './journal-note.ts'

/** A spend that has a key or metadata of its own. `at` is in milliseconds since the epoch. */
export interface SpendDetail {
  key?: string | undefined
  at: number
  metadata?: Storable | undefined
}

/** Takes the records of a journal in their order. */
export interface RecordSink {
  spend(amount: number, at: number): void
  /** `body` is the detail as `encodeDetail` made it; the sink may keep it. */
  detail(amount: number, key: string | undefined, body: Buffer): void
  /** Everything since the cut before is the report of this number. */
  cut(seq: number): void
  /** Spends without details that were added up when the journal was compacted. */
  sum(amount: number, count: number, at: number): void
  note(note: JournalNote): void
}

/**
 * The payload of a frame: the time in milliseconds (f64), then records. A record begins with 8 bytes: the low 32 bits
 * of its amount, then its kind (high byte) and the other 21 bits of the amount. A plain spend has no more than that.
 */
const TIME_BYTES = 8
const RECORD_BYTES = 8
const Kind = { spend: 0, detail: 1, cut: 2, sum: 3, note: 4 } as const
const KIND_UNIT = 2 ** 24
const WORD = 2 ** 32

/** A frame under construction. Reused, so that a spend costs two writes into memory and no allocation. */
export class RecordBuffer {
  readonly #frame = Buffer.allocUnsafeSlow(HEADER_BYTES + MAX_PAYLOAD_BYTES)
  readonly #view = new DataView(this.#frame.buffer)
  #end = 0

  /** Empties the buffer and begins a frame of this time. */
  begin(at: number): void {
    this.#view.setFloat64(HEADER_BYTES, at, true)
    this.#end = HEADER_BYTES + TIME_BYTES
  }

  /** Whether a record with that many bytes of body still fits. */
  fits(bodyBytes: number): boolean {
    return this.#end + RECORD_BYTES + bodyBytes <= this.#frame.length
  }

  spend(amount: number): void {
    this.#head(Kind.spend, amount)
  }

  detail(amount: number, body: Uint8Array): void {
    this.#head(Kind.detail, amount)
    this.#body(body)
  }

  cut(seq: number): void {
    this.#head(Kind.cut, seq)
  }

  sum(amount: number, count: number, at: number): void {
    this.#head(Kind.sum, amount)
    this.#view.setFloat64(this.#end, count, true)
    this.#view.setFloat64(this.#end + 8, at, true)
    this.#end += SUM_BYTES
  }

  note(body: Uint8Array): void {
    this.#head(Kind.note, 0)
    this.#body(body)
  }

  get payloadBytes(): number {
    return this.#end - HEADER_BYTES
  }

  /** The frame to write. Valid until the next `begin`. */
  seal(number: number): Buffer {
    return sealFrame(this.#frame, this.payloadBytes, number)
  }

  #head(kind: number, amount: number): void {
    this.#view.setUint32(this.#end, amount % WORD, true)
    this.#view.setUint32(this.#end + 4, kind * KIND_UNIT + Math.floor(amount / WORD), true)
    this.#end += RECORD_BYTES
  }

  #body(body: Uint8Array): void {
    this.#view.setUint32(this.#end, body.length, true)
    this.#frame.set(body, this.#end + LENGTH_BYTES)
    this.#end += LENGTH_BYTES + body.length
  }
}

const LENGTH_BYTES = 4
/** What `sum` adds to the 8 bytes of every record. */
export const SUM_BYTES = 16

/** Bytes of the body that `detail` and `note` write. */
export function bodyBytes(body: Uint8Array): number {
  return LENGTH_BYTES + body.length
}

const storedDetail = z.object({
  k: z.optional(z.string()),
  t: z.custom<number>(Number.isFinite),
  m: z.optional(z.custom<unknown>((value) => value !== undefined)),
})
const isMetadata = (value: unknown): value is Metadata => isObject(value) && findUnstorable(value) === undefined

export function encodeDetail({ key, at, metadata: m }: SpendDetail): Buffer {
  return Buffer.from(JSON.stringify({ k: key, t: at, m }))
}

/** Throws when it is not a detail of this version. */
export function decodeDetail(body: Buffer): SpendDetail & { metadata?: Metadata | undefined } {
  const { k: key, t: at, m } = storedDetail.parse(JSON.parse(body.toString()))
  if (m === undefined || isMetadata(m)) return { key, at, metadata: m }
  // Journals from before 0.2 may hold values that the database refuses, such as the text of a Date; as JSON it can be
  // reported.
  return { key, at, metadata: { json: JSON.stringify(m) } }
}

export function encodeNote(note: JournalNote): Buffer {
  return Buffer.from(JSON.stringify(note))
}

/** Passes the records of one frame to a sink. Throws on a record that this version does not know. */
export function readRecords(payload: Buffer, sink: RecordSink): void {
  const at = payload.readDoubleLE(0)
  let offset = TIME_BYTES
  const readBody = () => {
    const start = offset + LENGTH_BYTES
    offset = start + payload.readUInt32LE(offset)
    return payload.subarray(start, offset)
  }
  while (offset < payload.length) {
    const high = payload.readUInt32LE(offset + 4)
    const amount = payload.readUInt32LE(offset) + (high % KIND_UNIT) * WORD
    offset += RECORD_BYTES
    switch (Math.floor(high / KIND_UNIT)) {
      case Kind.spend:
        sink.spend(amount, at)
        break
      case Kind.detail: {
        const body = Buffer.from(readBody()) // a copy, which does not keep the whole journal in memory
        sink.detail(amount, decodeDetail(body).key, body)
        break
      }
      case Kind.cut:
        sink.cut(amount)
        break
      case Kind.sum:
        sink.sum(amount, payload.readDoubleLE(offset), payload.readDoubleLE(offset + 8))
        offset += SUM_BYTES
        break
      case Kind.note:
        sink.note(parseNote(readBody().toString()))
        break
      default:
        throw new RangeError(`a record of the unknown kind ${Math.floor(high / KIND_UNIT)}`)
    }
  }
}
