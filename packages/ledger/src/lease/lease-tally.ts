import type { Metadata } from '../metadata.ts'
import { bodyBytes, decodeDetail, type RecordSink } from './journal-record.ts'

/** One line of a report, as the database takes it. */
export interface ReportItem {
  key?: string
  amount: number
  /** ISO 8601. */
  at: string
  metadata?: Metadata
}

/** The content of one report. Spends without key and metadata are one sum: a million of them are one item. */
export interface ReportPart {
  /** Set by the cut that ended it. */
  seq: number | undefined
  total: number
  /** The details as they are in the journal: a report contains only what was written to it. */
  details: { amount: number; key: string | undefined; body: Buffer }[]
  detailBytes: number
  sum: number
  count: number
  at: number
}

/** Items of one report at most; the database takes 1,000 with the sum. */
const MAX_DETAILS = 999
/** Bytes of details of one report at most; well below the database's 1 MB, whose binary form of JSON is larger. */
const MAX_DETAIL_BYTES = 192 * 1024
/** What a key costs in memory and in a compacted journal besides its own characters. */
const KEY_BYTES = 32

/**
 * What a lease has spent according to its journal: updated with each spend, rebuilt from the records after a crash.
 * Both go through the same methods, so the report of a number is the same before and after.
 */
export class LeaseTally implements Omit<RecordSink, 'note'> {
  readonly amount: number
  /** Reports that are cut and not yet acknowledged, oldest first. */
  readonly waiting: ReportPart[] = []
  /** Everything since the last cut. */
  open: ReportPart = emptyPart()
  /** Keys of all spends, also reported ones: a key counts once for as long as the lease lasts. */
  readonly keys = new Map<string, number>()
  spent = 0
  reported = 0
  ackedSeq = 0
  lastSeq = 0
  /** Bytes that a compacted journal would need for keys and unreported details. */
  liveBytes = 0

  constructor(amount: number) {
    this.amount = amount
  }

  get remaining(): number {
    return this.amount - this.spent
  }

  get unreported(): number {
    return this.spent - this.reported
  }

  spend(amount: number, at: number): void {
    this.sum(amount, 1, at)
  }

  sum(amount: number, count: number, at: number): void {
    const { open } = this
    open.sum += amount
    open.count += count
    open.at = at
    open.total += amount
    this.spent += amount
  }

  detail(amount: number, key: string | undefined, body: Buffer): void {
    const { open } = this
    const bytes = bodyBytes(body)
    open.details.push({ amount, key, body })
    open.detailBytes += bytes
    open.total += amount
    this.spent += amount
    this.liveBytes += bytes
    if (key !== undefined) this.addKey(key, amount)
  }

  addKey(key: string, amount: number): void {
    this.keys.set(key, amount)
    this.liveBytes += key.length + KEY_BYTES
  }

  /** Whether the open part has reached the limit of a report. */
  isFull(): boolean {
    return this.open.details.length >= MAX_DETAILS || this.open.detailBytes >= MAX_DETAIL_BYTES
  }

  cut(seq: number): void {
    if (seq !== this.lastSeq + 1) throw new RangeError(`report ${seq} follows ${this.lastSeq}`)
    this.lastSeq = seq
    this.waiting.push({ ...this.open, seq })
    this.open = emptyPart()
  }

  /** The database has the report of this number. */
  ack(seq: number): void {
    const part = this.waiting.shift()
    if (part?.seq !== seq) throw new RangeError(`report ${seq} was acknowledged, ${part?.seq} is the oldest`)
    this.ackedSeq = seq
    this.reported += part.total
    this.liveBytes -= part.detailBytes
  }

  /** Where a compacted journal begins: the amount that was spent and reported before. */
  carry(seq: number, reported: number): void {
    this.ackedSeq = seq
    this.lastSeq = seq
    this.reported = reported
    this.spent = reported
  }
}

/** The items of a report: a function of the journal alone, because the number of a report may be sent once only. */
export function toItems(part: ReportPart): ReportItem[] {
  const items = part.details.map(({ amount, body }): ReportItem => {
    const { key, at, metadata } = decodeDetail(body)
    return {
      amount,
      at: new Date(at).toISOString(),
      ...(key === undefined ? {} : { key }),
      ...(metadata === undefined ? {} : { metadata }),
    }
  })
  if (part.count > 0) {
    items.push({ amount: part.sum, at: new Date(part.at).toISOString(), metadata: { spends: part.count } })
  }
  return items
}

export function isEmpty(part: ReportPart): boolean {
  return part.total === 0
}

function emptyPart(): ReportPart {
  return { seq: undefined, total: 0, details: [], detailBytes: 0, sum: 0, count: 0, at: 0 }
}
