import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreError, silentLogger } from '@core/foundation'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { microCredits } from '../credits.ts'
import { createGroupCommit, type GroupCommit, type GroupCommitOptions } from './group-commit.ts'
import { createJournal, type JournalFile } from './journal-file.ts'
import { encodeDetail } from './journal-record.ts'
import { createIntent, replayJournal, toFirstFrame, toSnapshot } from './lease-journal.ts'
import { LeaseTally } from './lease-tally.ts'

const intent = createIntent({ account: 'a', amount: microCredits(1e9), ttlSeconds: 60, device: 'test' })
const opened = {
  note: 'opened' as const,
  lease: 'l',
  amount: microCredits(1e9),
  expiresAt: 0,
  anchor: { serverAt: 0, wallMs: 0, uptimeMs: 0, boot: '' },
}

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-group-'))
  path = join(folder, 'a.journal')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

interface Setup extends Partial<GroupCommitOptions<string>> {
  /** Sits between the commit and the real file. */
  around?: (file: JournalFile) => JournalFile
}

async function open({ around = (file) => file, ...options }: Setup = {}) {
  const first = toFirstFrame(intent, 0)
  const file = await createJournal(path, [first])
  const tally = new LeaseTally(1e9)
  const commit = createGroupCommit({
    path,
    file: around(file),
    position: first.length,
    number: 1,
    receipt: 'on disk',
    tally,
    now: () => 7,
    snapshot: () => toSnapshot({ intent, opened, closingKey: undefined, tally }, 7),
    compactBytes: 1e9,
    maxBufferedBytes: 1e9,
    timeoutMs: 10_000,
    logger: silentLogger,
    ...options,
  })
  await commit.note(opened)
  return { commit, tally, file }
}
const detail = (commit: GroupCommit<string>, amount: number, key: string, at: number) =>
  commit.detail(amount, key, encodeDetail({ key, at }))
const stored = async () => replayJournal(await readFile(path), path)

/** A file whose writes wait to be let through, and are counted. */
function gate() {
  const waiting: (() => void)[] = []
  let writes = 0
  const around = (file: JournalFile): JournalFile => ({
    ...file,
    async append(bytes, position) {
      writes += 1
      if (writes > 1) await new Promise<void>((resolve) => waiting.push(resolve))
      await file.append(bytes, position)
    },
  })
  return { around, letThrough: () => waiting.shift()?.(), writes: () => writes }
}

test('a receipt comes when the record is on disk, not before', async () => {
  const { around, letThrough } = gate()
  const { commit } = await open({ around })
  let receipt: string | undefined
  void commit.spend(5).then((value) => {
    receipt = value
  })
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect([receipt, (await stored()).tally.spent]).toEqual([undefined, 0])
  letThrough()
  await vi.waitFor(() => expect(receipt).toBe('on disk'), 30_000)
  expect((await stored()).tally.spent).toBe(5)
  await commit.close()
})

test('what is appended during a write goes with the next one', async () => {
  const { around, letThrough, writes } = gate()
  const { commit } = await open({ around })
  const first = commit.spend(1)
  await vi.waitFor(() => expect(writes()).toBe(2), 30_000)
  const others = Array.from({ length: 1_000 }, () => commit.spend(1))
  letThrough()
  await first
  await vi.waitFor(() => expect(writes()).toBe(3), 30_000)
  letThrough()
  await Promise.all(others)
  expect((await stored()).tally.spent).toBe(1_001)
  await commit.close()
})

test('a group larger than a frame is split, in order', async () => {
  const { commit, tally } = await open()
  for (let n = 1; n <= 100_000; n++) void commit.spend((n % 9) + 1)
  expect(await commit.flush()).toBe('on disk')
  expect((await stored()).tally.spent).toBe(tally.spent)
  expect((await stored()).frames).toBeGreaterThan(3)
  await commit.close()
})

test('after a failed write nothing more is accepted, and every waiting caller fails', async () => {
  const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  let isFull = false
  const { commit } = await open({
    around: (file) => ({
      ...file,
      append: (bytes, position) => (isFull ? Promise.reject(cause) : file.append(bytes, position)),
    }),
  })
  await commit.spend(1)
  isFull = true
  const lost = [commit.spend(2), commit.note({ note: 'closed' })]
  const details = { reason: 'disk_full', file: path, errno: 'ENOSPC' }
  const full = { code: 'E_LEASE_JOURNAL', retryable: false, cause, details }
  for (const each of lost) await expect(each).rejects.toMatchObject(full)
  isFull = false
  expect(() => commit.spend(1)).toThrow(expect.objectContaining(full))
  expect(() => commit.assertRoom(0)).toThrow(expect.objectContaining(full))
  await expect(commit.flush()).rejects.toMatchObject(full)
  expect(commit.failure).toMatchObject(full)
  await commit.close()
  expect((await stored()).tally.spent).toBe(1)
})

test('a disk that hangs fails the wait, not the journal', async () => {
  const { around, letThrough, writes } = gate()
  const { commit } = await open({ around, timeoutMs: 250 })
  await expect(commit.spend(3)).rejects.toMatchObject({ code: 'E_TIMEOUT', retryable: true })
  expect(commit.failure).toBeUndefined()
  letThrough()
  const next = commit.spend(4)
  await vi.waitFor(() => expect(writes()).toBe(3), 30_000)
  letThrough()
  await next
  expect((await stored()).tally.spent).toBe(7)
  await commit.close()
})

test('more than may wait for the disk is refused before it is counted', async () => {
  const { around, letThrough, writes } = gate()
  const { commit } = await open({ around, maxBufferedBytes: 600_000 })
  void commit.spend(1)
  await vi.waitFor(() => expect(writes()).toBe(2), 30_000)
  let taken = 0
  const behind = expect.objectContaining({ retryable: true, details: { reason: 'journal_behind', file: path } })
  expect(() => {
    for (; ; taken++) {
      commit.assertRoom(0)
      void commit.spend(1)
    }
  }).toThrow(behind)
  expect(taken).toBeGreaterThan(60_000)
  const closed = commit.close()
  const through = setInterval(letThrough, 1)
  await closed
  clearInterval(through)
  expect((await stored()).tally.spent).toBe(taken + 1)
})

test('a long journal is compacted while spending continues', async () => {
  const { commit, tally } = await open({ compactBytes: 200_000 })
  let receipts = 0
  for (let turn = 0; turn < 60; turn++) {
    const spends = Array.from({ length: 2_000 }, (_, n) =>
      n % 500 === 0 ? detail(commit, 2, `${turn}-${n}`, n) : commit.spend(1),
    )
    if (turn % 20 === 19) void commit.cut(tally.lastSeq + 1)
    receipts += (await Promise.all(spends)).length
  }
  expect(receipts).toBe(120_000)
  const before = await stored()
  expect(before.tally).toMatchObject({ spent: 120_240, lastSeq: 3 })
  expect(before.tally.keys.size).toBe(240)
  expect(before.end).toBeLessThan(300_000)
  await commit.close()
})

test('what waits for the disk while the journal is compacted is in the new one, once', async () => {
  const rewritten: number[] = []
  const { commit, tally } = await open({
    compactBytes: 20_000,
    around: (file) => counting(file, (frames) => rewritten.push(frames.length)),
  })
  for (let turn = 0; turn < 400; turn++) {
    for (let n = 0; n < 50; n++) void commit.spend(1)
    void detail(commit, 1, `key-${turn}`, turn)
    await new Promise(setImmediate)
    // However slow the disk, the journal outgrows its bound more than once.
    if (turn % 100 === 99) await commit.flush()
  }
  await commit.flush()
  expect(rewritten.length).toBeGreaterThan(1)
  expect(tally.spent).toBe(20_400)
  const { tally: read } = await stored()
  expect([read.spent, read.open.details.length, read.keys.size]).toEqual([20_400, 400, 400])
  await commit.close()
})

/** Reports every rewrite, also of the files that it returns. */
function counting(file: JournalFile, onReplace: (frames: readonly Uint8Array[]) => void): JournalFile {
  return {
    ...file,
    async replace(frames) {
      onReplace(frames)
      return counting(await file.replace(frames), onReplace)
    },
  }
}

test('a journal that cannot be compacted continues to grow', async () => {
  const failing = (file: JournalFile): JournalFile => ({ ...file, replace: () => Promise.reject(new Error('no room')) })
  const { commit } = await open({ compactBytes: 1_000, around: failing })
  for (let n = 0; n < 500; n++) await commit.spend(1)
  expect((await stored()).tally.spent).toBe(500)
  expect(commit.failure).toBeUndefined()
  await commit.close()
})

test('a rewritten journal whose name may not last is a failure', async () => {
  const { commit } = await open({
    compactBytes: 500,
    around: (file) => ({
      ...file,
      async replace(frames) {
        await (await file.replace(frames)).close()
        throw new CoreError('E_LEASE_JOURNAL', 'the folder cannot be synced', { details: { replaced: true } })
      },
    }),
  })
  await expect(
    (async () => {
      for (let n = 0; n < 100; n++) await commit.spend(1)
    })(),
  ).rejects.toMatchObject({ code: 'E_LEASE_JOURNAL' })
  await commit.close()
})

test('after close nothing is accepted', async () => {
  const { commit } = await open()
  void commit.spend(3)
  await commit.close()
  expect((await stored()).tally.spent).toBe(3)
  expect(() => commit.spend(1)).toThrow(expect.objectContaining({ code: 'E_CLOSED' }))
})
