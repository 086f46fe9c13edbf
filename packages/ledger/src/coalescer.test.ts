import { CoreError, isCoreError } from '@core/foundation'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Coalescer, type CoalescerOptions, createCoalescer } from './coalescer.ts'

/** Batches as they were sent, each answered or failed by hand. */
interface Sent {
  items: readonly string[]
  answer: () => void
  fail: (error: unknown) => void
}
let sent: Sent[]
let coalescer: Coalescer<string, string>

function create(options: Partial<CoalescerOptions<string, string>> = {}): Coalescer<string, string> {
  coalescer = createCoalescer<string, string>({
    send: (items) =>
      new Promise((resolve, reject) => {
        sent.push({ items, answer: () => resolve(items.map((item) => `${item}!`)), fail: reject })
      }),
    maxBatch: 100,
    maxQueue: 100,
    timeoutMs: 1_000,
    ...options,
  })
  return coalescer
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
/** The batch that was sent as the n-th one, after giving it a turn to be sent. */
async function batch(index: number): Promise<Sent> {
  for (let waits = 0; waits < 5 && sent.length <= index; waits++) await turn()
  const found = sent[index]
  if (!found) throw new Error(`no batch ${index}, only ${sent.length}`)
  return found
}
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (isCoreError(error) ? { code: error.code, sent: error.details['sent'] } : error),
  )

beforeEach(() => {
  sent = []
  // Timers by hand; turns of the event loop as they come.
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'performance'] })
})
afterEach(() => vi.useRealTimers())

describe('gathering', () => {
  test('a lone call goes in the next turn, without any timer', async () => {
    const call = create().submit('a')
    ;(await batch(0)).answer()
    expect(await call).toBe('a!')
    await turn()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('calls of one turn go together and each gets its own answer', async () => {
    create()
    const calls = ['a', 'b', 'c'].map((item) => coalescer.submit(item))
    const { items, answer } = await batch(0)
    expect(items).toEqual(['a', 'b', 'c'])
    answer()
    expect(await Promise.all(calls)).toEqual(['a!', 'b!', 'c!'])
  })

  test('what comes while a batch is in flight goes with the next, never beside it', async () => {
    create()
    const first = coalescer.submit('a')
    const { answer } = await batch(0)
    const others = ['b', 'c'].map((item) => coalescer.submit(item))
    await turn()
    await turn()
    expect(sent).toHaveLength(1)
    answer()
    ;(await batch(1)).answer()
    expect(await Promise.all([first, ...others])).toEqual(['a!', 'b!', 'c!'])
    expect(sent[1]?.items).toEqual(['b', 'c'])
  })

  test('many travel as two batches, the second sent while the first is in flight, and never a third', async () => {
    create({ maxBatch: 1_000, maxQueue: 2_000 })
    const calls = Array.from({ length: 500 }, (_, index) => coalescer.submit(`a${index}`))
    await batch(1)
    expect(sent.map(({ items }) => items.length)).toEqual([250, 250])
    calls.push(...Array.from({ length: 400 }, (_, index) => coalescer.submit(`b${index}`)))
    await turn()
    await turn()
    expect(sent).toHaveLength(2)
    sent[0]?.answer()
    ;(await batch(2)).answer()
    const closed = coalescer.close()
    let isClosed = false
    void closed.then(() => {
      isClosed = true
    })
    await turn()
    expect(isClosed).toBe(false) // the second one is not answered yet
    sent[1]?.answer()
    await closed
    expect(sent.map(({ items }) => items.length)).toEqual([250, 250, 400])
    expect(await Promise.all(calls)).toEqual(sent.flatMap(({ items }) => items.map((item) => `${item}!`)))
  })

  test('a batch holds maxBatch at most, in the order of the calls', async () => {
    create({ maxBatch: 2 })
    const calls = ['a', 'b', 'c', 'd', 'e'].map((item) => coalescer.submit(item))
    for (const index of [0, 1, 2]) (await batch(index)).answer()
    expect(await Promise.all(calls)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!'])
    expect(sent.map(({ items }) => items.length)).toEqual([2, 2, 1])
  })

  test('beyond maxQueue a call is refused at once; the others continue', async () => {
    create({ maxQueue: 2 })
    const calls = ['a', 'b'].map((item) => coalescer.submit(item))
    expect(await failure(coalescer.submit('c'))).toEqual({ code: 'E_DATABASE_BUSY', sent: false })
    ;(await batch(0)).answer()
    expect(await Promise.all(calls)).toEqual(['a!', 'b!'])
    const later = coalescer.submit('d')
    ;(await batch(1)).answer()
    expect(await later).toBe('d!')
  })
})

describe('giving up', () => {
  test('an abort before it is sent: nothing happened, the neighbours go', async () => {
    const stop = new AbortController()
    const aborted = failure(create().submit('a', { signal: stop.signal }))
    const other = coalescer.submit('b')
    stop.abort()
    expect(await aborted).toEqual({ code: 'E_ABORTED', sent: false })
    const { items, answer } = await batch(0)
    expect(items).toEqual(['b'])
    answer()
    expect(await other).toBe('b!')
  })

  test('an abort after it was sent: the outcome is unknown, the neighbours get theirs', async () => {
    const stop = new AbortController()
    const aborted = failure(create().submit('a', { signal: stop.signal }))
    const other = coalescer.submit('b')
    const { answer } = await batch(0)
    stop.abort()
    expect(await aborted).toEqual({ code: 'E_ABORTED', sent: true })
    answer()
    expect(await other).toBe('b!')
  })

  test('a signal that was aborted before: refused at once', async () => {
    expect(await failure(create().submit('a', { signal: AbortSignal.abort() }))).toEqual({
      code: 'E_ABORTED',
      sent: false,
    })
    await turn()
    expect(sent).toHaveLength(0)
  })

  test('a deadline of its own, while it waits and while it is in flight', async () => {
    const inFlight = failure(create().submit('a', { timeoutMs: 100 }))
    const { answer } = await batch(0)
    const waiting = failure(coalescer.submit('b', { timeoutMs: 100 }))
    const patient = coalescer.submit('c')
    vi.advanceTimersByTime(150)
    expect(await inFlight).toEqual({ code: 'E_TIMEOUT', sent: true })
    expect(await waiting).toEqual({ code: 'E_TIMEOUT', sent: false })
    answer()
    ;(await batch(1)).answer()
    expect(await patient).toBe('c!')
    expect(sent[1]?.items).toEqual(['c'])
  })

  test.each([0, -1, Number.NaN])('a limit of %s ms is refused', async (timeoutMs) => {
    expect(await failure(create().submit('a', { timeoutMs }))).toMatchObject({ code: 'E_INVALID' })
  })

  test('an answered call leaves its signal', async () => {
    const { signal } = new AbortController()
    const removed = vi.spyOn(signal, 'removeEventListener')
    const call = create().submit('a', { signal })
    ;(await batch(0)).answer()
    await call
    expect(removed).toHaveBeenCalledOnce()
  })
})

describe('failures', () => {
  test('one call at fault among 1,000 fails alone, and costs a few more batches', async () => {
    const wrong = new CoreError('E_INVALID', 'one of them')
    let batches = 0
    const calls = create({
      maxBatch: 1_000,
      maxQueue: 1_000,
      async send(items) {
        batches++
        if (items.includes('bad')) throw wrong
        return items.map((item) => `${item}!`)
      },
    })
    const answers = Array.from({ length: 1_000 }, (_, n) => failure(calls.submit(n === 613 ? 'bad' : `${n}`)))
    const failures = (await Promise.all(answers)).filter((answer) => answer !== 'resolved')
    expect(failures).toEqual([{ code: 'E_INVALID', sent: undefined }])
    expect(batches).toBeLessThan(25)
  })

  test.each(['E_UNAUTHENTICATED', 'E_DATABASE_SCHEMA', 'E_CLOSED'] as const)(
    '%s is no fault of one call: all learn it, nothing is sent again',
    async (code) => {
      create()
      const calls = ['a', 'b'].map((item) => failure(coalescer.submit(item)))
      ;(await batch(0)).fail(new CoreError(code, 'no'))
      expect(await Promise.all(calls)).toMatchObject([{ code }, { code }])
      await turn()
      expect(sent).toHaveLength(1)
    },
  )

  test('a batch that fails for good is sent in halves: the call at fault fails alone', async () => {
    create()
    const calls = ['a', 'bad', 'c'].map((item) => failure(coalescer.submit(item)))
    ;(await batch(0)).fail(new CoreError('E_INVALID', 'one of them'))
    ;(await batch(1)).fail(new CoreError('E_INVALID', 'one of these'))
    ;(await batch(2)).answer()
    ;(await batch(3)).fail(new CoreError('E_INVALID', 'this one'))
    ;(await batch(4)).answer()
    expect(await Promise.all(calls)).toEqual(['resolved', { code: 'E_INVALID', sent: undefined }, 'resolved'])
    expect(sent.slice(1).map(({ items }) => items)).toEqual([['a', 'bad'], ['a'], ['bad'], ['c']])
  })

  test.each(['E_DATABASE_UNAVAILABLE', 'E_TIMEOUT', 'E_DATABASE_BUSY'] as const)(
    'after %s the outcome is unknown: every call fails with it, nothing is sent again',
    async (code) => {
      create()
      const calls = ['a', 'b'].map((item) => failure(coalescer.submit(item)))
      ;(await batch(0)).fail(new CoreError(code, 'gone'))
      expect(await Promise.all(calls)).toMatchObject([{ code }, { code }])
      await turn()
      expect(sent).toHaveLength(1)
    },
  )

  test('one that gave up meanwhile is not sent again on its own', async () => {
    create()
    const stop = new AbortController()
    const { signal } = stop
    const calls = [coalescer.submit('a'), coalescer.submit('c'), coalescer.submit('b', { signal })].map(failure)
    ;(await batch(0)).fail(new CoreError('E_INVALID', 'one of them'))
    const first = await batch(1)
    stop.abort()
    first.answer()
    expect(await Promise.all(calls)).toEqual(['resolved', 'resolved', { code: 'E_ABORTED', sent: true }])
    expect(sent.slice(1).map(({ items }) => items)).toEqual([['a', 'c']])
  })

  test('an error that is none of ours reaches every caller; the next batch goes', async () => {
    create()
    const calls = ['a', 'b'].map((item) => coalescer.submit(item).catch((error: unknown) => String(error)))
    ;(await batch(0)).fail(new TypeError('a bug'))
    expect(await Promise.all(calls)).toEqual(['TypeError: a bug', 'TypeError: a bug'])
    const next = coalescer.submit('c')
    ;(await batch(1)).answer()
    expect(await next).toBe('c!')
  })

  test('a wrong number of answers is never taken for the right one', async () => {
    const calls = create({ send: async (items) => items.slice(1) })
    const answers = await Promise.all(['a', 'b'].map((item) => failure(calls.submit(item))))
    expect(answers).not.toContain('resolved')
  })
})

describe('closing', () => {
  test('waits for what is under way and refuses what comes', async () => {
    create()
    const call = coalescer.submit('a')
    const { answer } = await batch(0)
    let isClosed = false
    const closing = coalescer.close().then(() => {
      isClosed = true
    })
    expect(await failure(coalescer.submit('b'))).toMatchObject({ code: 'E_CLOSED' })
    await turn()
    expect(isClosed).toBe(false)
    answer()
    await closing
    expect(await call).toBe('a!')
    expect(coalescer.pending).toBe(0)
  })

  test('twice is once, for both who wait', async () => {
    create()
    const call = coalescer.submit('a')
    const closings = [coalescer.close(), coalescer.close()]
    ;(await batch(0)).answer()
    await Promise.all([call, ...closings])
  })

  test('waits for a batch whose callers have all given up', async () => {
    const stop = new AbortController()
    const aborted = failure(create().submit('a', { signal: stop.signal }))
    const { answer } = await batch(0)
    stop.abort()
    await aborted
    let isClosed = false
    const closing = coalescer.close().then(() => {
      isClosed = true
    })
    vi.advanceTimersByTime(100)
    await turn()
    expect(isClosed).toBe(false)
    answer()
    await closing
  })

  test('with nothing under way is at once', async () => {
    await create().close()
    await coalescer[Symbol.asyncDispose]()
  })
})
