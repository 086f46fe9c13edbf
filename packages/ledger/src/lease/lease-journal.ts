import { uuidv7 } from '@core/foundation'
import { journalCorrupt } from './journal-error.ts'
import { readFrames } from './journal-frame.ts'
import type { JournalNote } from './journal-note.ts'
import { bodyBytes, encodeNote, RecordBuffer, readRecords, SUM_BYTES } from './journal-record.ts'
import { LeaseTally, type ReportPart } from './lease-tally.ts'

export type IntentNote = Extract<JournalNote, { note: 'intent' }>
export type OpenedNote = Extract<JournalNote, { note: 'opened' }>

/**
 * The content of a journal, read from its first record to its last. `@core/ledger/spool` does not serve here: its entries are
 * independent and sent in any order, while the order of these records decides what is left to spend and which spends each
 * gap-free report holds, and a report sums many spends instead of sending an entry each.
 */
export interface LeaseJournal {
  intent: IntentNote
  /** Missing when the process ended before the database's answer was on disk. */
  opened: OpenedNote | undefined
  tally: LeaseTally
  /** The key of a close that may have been sent; nothing may be spent after it. */
  closingKey: string | undefined
  closed: boolean
  /** The latest wall-clock time that the journal has seen, in milliseconds. */
  lastSeenMs: number
  /** Bytes and frames that are whole. */
  end: number
  frames: number
}

/** Keys of one record of a compacted journal. */
const KEYS_PER_NOTE = 100

export function createIntent(facts: Omit<IntentNote, 'note' | 'version' | 'key'>): IntentNote {
  return { note: 'intent', version: 1, key: uuidv7(), ...facts }
}

/** Replays a journal. Throws E_LEASE_JOURNAL (`journal_corrupt`) where it is inconsistent; a torn end is ignored. */
export function replayJournal(bytes: Buffer, file: string): LeaseJournal {
  const { payloads, end } = readFrames(bytes, file)
  const state: Partial<LeaseJournal> & { tally: LeaseTally } = { tally: new LeaseTally(0) }
  let lastSeenMs = 0
  const sink = {
    spend: (amount: number, at: number) => state.tally.spend(amount, at),
    detail: (...args: Parameters<LeaseTally['detail']>) => state.tally.detail(...args),
    cut: (seq: number) => state.tally.cut(seq),
    sum: (amount: number, count: number, at: number) => state.tally.sum(amount, count, at),
    note: (note: JournalNote) => applyNote(state, note),
  }
  let offset = 0
  for (const payload of payloads) {
    try {
      lastSeenMs = Math.max(lastSeenMs, payload.readDoubleLE(0))
      readRecords(payload, sink)
    } catch (error) {
      throw journalCorrupt(file, offset, `a record is not one of this version (${String(error)})`)
    }
    offset = payload.byteOffset + payload.length - bytes.byteOffset
  }
  const { intent, opened, closingKey, closed = false, tally } = state
  if (intent === undefined) throw journalCorrupt(file, 0, 'it does not name its lease')
  if (tally.spent > tally.amount) throw journalCorrupt(file, 0, `it spends ${tally.spent} of ${tally.amount}`)
  return { intent, opened, tally, closingKey, closed, lastSeenMs, end, frames: payloads.length }
}

function applyNote(state: Partial<LeaseJournal> & { tally: LeaseTally }, note: JournalNote): void {
  switch (note.note) {
    case 'intent':
      state.intent = note
      return
    case 'opened':
      state.opened = note
      state.tally = new LeaseTally(note.amount)
      return
    case 'anchor':
      if (state.opened) state.opened = { ...state.opened, anchor: note.anchor }
      return
    case 'acked':
      state.tally.ack(note.seq)
      return
    case 'carried':
      state.tally.carry(note.seq, note.reported)
      return
    case 'keys':
      for (const [key, amount] of note.spent) state.tally.addKey(key, amount)
      return
    case 'closing':
      state.closingKey = note.key
      return
    case 'closed':
      state.closed = true
      return
    default:
      throw note satisfies never
  }
}

/** The frames of a journal with the same content as the present one, without what is obsolete. */
export function toSnapshot(
  { intent, opened, closingKey, tally }: Pick<LeaseJournal, 'intent' | 'opened' | 'closingKey' | 'tally'>,
  at: number,
): Buffer[] {
  const frames: Buffer[] = []
  let records = new RecordBuffer()
  records.begin(at)
  const roomFor = (bytes: number) => {
    if (!records.fits(bytes)) {
      frames.push(records.seal(frames.length))
      records = new RecordBuffer()
      records.begin(at)
    }
    return records
  }
  const addNote = (note: JournalNote) => {
    const body = encodeNote(note)
    roomFor(bodyBytes(body)).note(body)
  }
  addNote(intent)
  if (opened) addNote(opened)
  addNote({ note: 'carried', seq: tally.ackedSeq, reported: tally.reported })
  const parts = [...tally.waiting, tally.open]
  // Keys of unreported spends come with their spends.
  const unreported = new Set(parts.flatMap(({ details }) => details.map(({ key }) => key)))
  const reported = [...tally.keys].filter(([key]) => !unreported.has(key))
  for (let index = 0; index < reported.length; index += KEYS_PER_NOTE) {
    addNote({ note: 'keys', spent: reported.slice(index, index + KEYS_PER_NOTE) })
  }
  for (const part of parts) addPart(part, roomFor)
  if (closingKey !== undefined) addNote({ note: 'closing', key: closingKey })
  frames.push(records.seal(frames.length))
  return frames
}

function addPart({ details, sum, count, at, seq }: ReportPart, roomFor: (bytes: number) => RecordBuffer): void {
  for (const { amount, body } of details) roomFor(bodyBytes(body)).detail(amount, body)
  if (count > 0) roomFor(SUM_BYTES).sum(sum, count, at)
  if (seq !== undefined) roomFor(0).cut(seq)
}

/** The first frame of a new journal. */
export function toFirstFrame(intent: IntentNote, at: number): Buffer {
  const records = new RecordBuffer()
  records.begin(at)
  records.note(encodeNote(intent))
  return records.seal(0)
}
