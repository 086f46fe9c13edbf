import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { microCredits } from '../credits.ts'
import { encodeDetail, encodeNote, RecordBuffer, type SpendDetail } from './journal-record.ts'
import { createIntent, replayJournal, toFirstFrame, toSnapshot } from './lease-journal.ts'
import { type LeaseTally, toItems } from './lease-tally.ts'

const LEASED = 1_000_000
const intent = createIntent({ account: 'a', amount: microCredits(LEASED), ttlSeconds: 60, device: 'test' })
const opened = {
  note: 'opened' as const,
  lease: '019a0000-0000-7000-8000-000000000000',
  amount: microCredits(LEASED),
  expiresAt: 2_000,
  anchor: { serverAt: 1_000, wallMs: 1_000, uptimeMs: 5, boot: 'b' },
}

/** What can happen to a journal, in the order of the numbers. */
type Step =
  | { do: 'spend'; amount: number }
  | { do: 'detail'; amount: number; detail: SpendDetail }
  | { do: 'cut' }
  | { do: 'ack' }

const detail = fc.record(
  {
    key: fc.string({ minLength: 1, maxLength: 20 }),
    at: fc.nat(2_000_000_000_000),
    metadata: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))),
  },
  { requiredKeys: ['at'] },
)
const amount = fc.integer({ min: 1, max: 1_000 })
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('spend' as const), amount }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('detail' as const), amount, detail }) },
    { weight: 1, arbitrary: fc.constant({ do: 'cut' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'ack' as const }) },
  ),
  { maxLength: 60 },
)

/** The journal of the steps, one frame per `perFrame` of them, the n-th at time n. */
function write(todo: readonly Step[], perFrame: number): Buffer {
  const frames = [Buffer.from(toFirstFrame(intent, 0))]
  const records = new RecordBuffer()
  records.begin(1)
  records.note(encodeNote(opened))
  let [seq, acked, count] = [0, 0, 0]
  for (const step of todo) {
    if (step.do === 'spend') records.spend(step.amount)
    if (step.do === 'detail') records.detail(step.amount, encodeDetail(step.detail))
    if (step.do === 'cut') records.cut(++seq)
    if (step.do === 'ack' && acked < seq) records.note(encodeNote({ note: 'acked', seq: ++acked }))
    if (++count % perFrame !== 0) continue
    frames.push(Buffer.from(records.seal(frames.length)))
    records.begin(frames.length)
  }
  frames.push(Buffer.from(records.seal(frames.length)))
  return Buffer.concat(frames)
}

const read = (bytes: Buffer) => replayJournal(bytes, 'a.journal')
const summary = (tally: LeaseTally) => ({
  spent: tally.spent,
  reported: tally.reported,
  seqs: [tally.ackedSeq, tally.lastSeq],
  keys: [...tally.keys].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  parts: [...tally.waiting, tally.open].map((part) => [part.seq, part.total, toItems(part)]),
  liveBytes: tally.liveBytes,
})

test('a journal adds up to what was put in', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 9 }), (todo, perFrame) => {
      const { tally } = read(write(todo, perFrame))
      const total = todo.reduce((sum, step) => sum + ('amount' in step ? step.amount : 0), 0)
      expect(tally.spent).toBe(total)
      const items = [...tally.waiting, tally.open].flatMap(toItems)
      expect(items.reduce((sum, item) => sum + item.amount, 0)).toBe(tally.unreported)
    }),
  )
})

test('a compacted journal says the same, report by report, and so does one compacted twice', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 9 }), (todo, perFrame) => {
      const journal = read(write(todo, perFrame))
      const once = read(Buffer.concat(toSnapshot(journal, 99)))
      expect(summary(once.tally)).toEqual(summary(journal.tally))
      expect([once.intent, once.opened]).toEqual([journal.intent, journal.opened])
      const twice = read(Buffer.concat(toSnapshot(once, 100)))
      expect(summary(twice.tally)).toEqual(summary(journal.tally))
    }),
  )
})

test('spends without key and metadata are one item of a report, in the journal as many as there were', () => {
  const todo: Step[] = [
    { do: 'spend', amount: 3 },
    { do: 'detail', amount: 5, detail: { key: 'k', at: 7, metadata: { model: 'm' } } },
    { do: 'spend', amount: 4 },
    { do: 'detail', amount: 6, detail: { at: 8 } },
  ]
  const { tally } = read(write(todo, 2))
  expect(toItems(tally.open)).toEqual([
    { key: 'k', amount: 5, at: '1970-01-01T00:00:00.007Z', metadata: { model: 'm' } },
    { amount: 6, at: '1970-01-01T00:00:00.008Z' },
    { amount: 7, at: '1970-01-01T00:00:00.002Z', metadata: { spends: 2 } },
  ])
})

test('every name of a metadata object is kept, also one that objects have from their prototype', () => {
  const metadata = JSON.parse('{"__proto__":null,"constructor":1,"toString":"t","hasOwnProperty":true}')
  const { tally } = read(write([{ do: 'detail', amount: 1, detail: { at: 7, metadata } }], 1))
  expect(JSON.stringify(toItems(tally.open)[0]?.metadata)).toBe(JSON.stringify(metadata))
})

test.each([
  ['the text that a Date became', '"2026-01-01T00:00:00.000Z"'],
  ['a list', '[1]'],
  ['a NUL', '{"a":"\\u0000"}'],
  ['null', 'null'],
])('metadata of an old journal that the database refuses is reported as JSON: %s', (_, json) => {
  const records = new RecordBuffer()
  records.begin(0)
  records.note(encodeNote(intent))
  records.note(encodeNote(opened))
  records.detail(1, Buffer.from(`{"t":7,"m":${json}}`))
  const { tally } = read(Buffer.from(records.seal(0)))
  expect(toItems(tally.open)).toEqual([{ amount: 1, at: '1970-01-01T00:00:00.007Z', metadata: { json } }])
})

test('amounts up to 2^53 - 1 are exact', () => {
  const most = Number.MAX_SAFE_INTEGER
  const records = new RecordBuffer()
  records.begin(0)
  records.note(encodeNote(createIntent({ account: 'a', amount: microCredits(most), ttlSeconds: 1, device: 'd' })))
  records.note(encodeNote({ ...opened, amount: microCredits(most) }))
  records.spend(2 ** 32)
  records.spend(most - 2 ** 32 - 1)
  records.spend(1)
  expect(read(Buffer.from(records.seal(0))).tally.spent).toBe(most)
})

test('the keys of a long lease survive its compaction', () => {
  const todo = Array.from(
    { length: 5_000 },
    (_, n): Step => ({ do: 'detail', amount: 1, detail: { key: `key-${n}`, at: n } }),
  )
  const journal = read(write([...todo.slice(0, 4_000), { do: 'cut' }, { do: 'ack' }, ...todo.slice(4_000)], 100))
  const compacted = toSnapshot(journal, 1)
  expect(read(Buffer.concat(compacted)).tally.keys).toEqual(journal.tally.keys)
})

describe('a journal that makes no sense is damaged', () => {
  const note = (...notes: Parameters<typeof encodeNote>[0][]) => {
    const records = new RecordBuffer()
    records.begin(0)
    for (const each of notes) records.note(encodeNote(each))
    return records
  }
  const damaged = expect.objectContaining({
    code: 'E_LEASE_JOURNAL',
    details: expect.objectContaining({ reason: 'journal_corrupt' }),
  })

  test('when it is empty', () => {
    expect(() => read(Buffer.alloc(0))).toThrow(damaged)
  })
  test('when it does not say of which lease', () => {
    expect(() => read(Buffer.from(note(opened).seal(0)))).toThrow(damaged)
  })
  test('when it spends more than was leased', () => {
    const records = note(intent, opened)
    records.spend(LEASED + 1)
    expect(() => read(Buffer.from(records.seal(0)))).toThrow(damaged)
  })
  test('when reports are not numbered one by one', () => {
    const records = note(intent, opened)
    records.cut(2)
    expect(() => read(Buffer.from(records.seal(0)))).toThrow(damaged)
    expect(() => read(Buffer.from(note(intent, opened, { note: 'acked', seq: 1 }).seal(0)))).toThrow(damaged)
  })
  test('when it is of a later version', () => {
    const later = Buffer.from(JSON.stringify({ ...intent, version: 2 }))
    const records = new RecordBuffer()
    records.begin(0)
    records.note(later)
    expect(() => read(Buffer.from(records.seal(0)))).toThrow(damaged)
  })
})
