import { CoreError } from '@core/foundation'
import { RecordBuffer } from './journal-record.ts'

/** Records that go to disk in one frame, and the promise that each of their callers got. */
export interface RecordGroup<Receipt> {
  at: number
  records: RecordBuffer
  durable: Promise<Receipt>
  resolve: (receipt: Receipt) => void
  reject: (error: CoreError) => void
  timer: NodeJS.Timeout
}

export interface RecordGroupsOptions {
  /** Of the journal, for messages. */
  path: string
  now: () => number
  /** How long a record may wait for the disk before it fails with E_TIMEOUT. */
  timeoutMs: number
  /** Called when a new group begins, which then waits to be written. */
  onBegin: () => void
}

/** The records that wait for the disk, in the order in which they are written. */
export interface RecordGroups<Receipt> {
  /** The group that a record with that many bytes of body joins. */
  groupFor(bytes: number): RecordGroup<Receipt>
  /** Takes out the oldest group. */
  next(): RecordGroup<Receipt> | undefined
  /** Puts back a group that could not be written, as the oldest. */
  putBack(group: RecordGroup<Receipt>): void
  /** All that wait, oldest first; records appended later join none of them. */
  sealAll(): readonly RecordGroup<Receipt>[]
  /** Takes out the oldest groups, which were written otherwise. */
  drop(groups: readonly RecordGroup<Receipt>[]): void
  /** Resolves a group that was taken out. */
  finish(group: RecordGroup<Receipt>, receipt: Receipt): void
  /** Takes out and rejects all. */
  rejectAll(error: CoreError): void
  /** Bytes of the groups that no record can join any more. */
  readonly sealedBytes: number
  readonly isEmpty: boolean
  /** Of the newest group. */
  readonly lastDurable: Promise<Receipt> | undefined
}

/** Frames under construction that are kept for reuse. */
const SPARE_BUFFERS = 4

export function createRecordGroups<Receipt>(options: RecordGroupsOptions): RecordGroups<Receipt> {
  const { path, now, timeoutMs, onBegin } = options
  let active: RecordGroup<Receipt> | undefined
  const sealed: RecordGroup<Receipt>[] = []
  let sealedBytes = 0
  const spare: RecordBuffer[] = []

  function begin(): RecordGroup<Receipt> {
    const { promise: durable, resolve, reject } = Promise.withResolvers<Receipt>()
    durable.catch(() => undefined) // a spend may fail without a caller that waits; the failure shows in the next call
    const records = spare.pop() ?? new RecordBuffer()
    const at = now()
    records.begin(at)
    const timer = setTimeout(() => reject(tooSlow(path, timeoutMs)), timeoutMs)
    timer.unref()
    active = { at, records, durable, resolve, reject, timer }
    onBegin()
    return active
  }

  function seal(): void {
    if (active === undefined) return
    sealed.push(active)
    sealedBytes += active.records.payloadBytes
    active = undefined
  }

  return {
    groupFor(bytes) {
      if (active?.records.fits(bytes)) return active
      seal()
      return begin()
    },
    next() {
      if (sealed.length === 0) seal()
      const group = sealed.shift()
      if (group) sealedBytes -= group.records.payloadBytes
      return group
    },
    putBack(group) {
      sealed.unshift(group)
      sealedBytes += group.records.payloadBytes
    },
    sealAll() {
      seal()
      return sealed.slice()
    },
    drop(groups) {
      sealed.splice(0, groups.length)
      for (const group of groups) sealedBytes -= group.records.payloadBytes
    },
    finish(group, receipt) {
      clearTimeout(group.timer)
      if (spare.length < SPARE_BUFFERS) spare.push(group.records)
      group.resolve(receipt)
    },
    rejectAll(error) {
      seal()
      for (const group of sealed.splice(0)) {
        clearTimeout(group.timer)
        group.reject(error)
      }
      sealedBytes = 0
    },
    get sealedBytes() {
      return sealedBytes
    },
    get isEmpty() {
      return active === undefined && sealed.length === 0
    },
    get lastDurable() {
      return active?.durable ?? sealed.at(-1)?.durable
    },
  }
}

function tooSlow(path: string, timeoutMs: number): CoreError {
  return new CoreError('E_TIMEOUT', `the disk of ${path} took longer than ${timeoutMs} ms; the outcome is unknown`, {
    details: { timeoutMs },
  })
}
