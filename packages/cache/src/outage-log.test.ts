import { expect, test } from 'vitest'
import { createOutageLog, type OutageLog } from './outage-log.ts'

/** A sink that notes what is sent, and in its first call does something else. */
function createSink(meanwhile: () => void = () => {}) {
  const sent: unknown[] = []
  let work: (() => void) | undefined = meanwhile
  const send = async (...call: unknown[]) => {
    const once = work
    work = undefined
    once?.()
    sent.push(call)
  }
  return {
    sent,
    delete: (namespace: string, keys: readonly string[]) => send('delete', namespace, keys),
    invalidate: (namespace: string, tags: readonly string[]) => send('invalidate', namespace, tags),
    clear: (namespace: string) => send('clear', namespace),
  }
}

const changes: [what: string, note: (log: OutageLog) => void, call: unknown[]][] = [
  ['a key', (log) => log.noteKeys('n', ['a']), ['delete', 'n', ['a']]],
  ['a tag', (log) => log.noteTags('n', ['t']), ['invalidate', 'n', ['t']]],
  ['a clear', (log) => log.noteClear('n'), ['clear', 'n']],
]

test.each(
  changes.flatMap(([first, noteFirst]) => changes.map(([then, ...rest]) => [then, first, noteFirst, ...rest] as const)),
)('%s that is noted while %s is sent, is sent the next time', async (_then, _first, noteFirst, noteThen, call) => {
  const log = createOutageLog()
  noteFirst(log)
  await log.replay(createSink(() => noteThen(log)))
  expect(log.isEmpty).toBe(false)
  const next = createSink()
  await log.replay(next)
  expect(next.sent).toEqual([call])
  expect(log.isEmpty).toBe(true)
})

test.each(changes)('%s whose sending fails is sent again, with what was noted meanwhile', async (_, note, call) => {
  const log = createOutageLog()
  note(log)
  const failing = createSink(() => {
    log.noteKeys('n', ['b'])
    throw new Error('away')
  })
  await expect(log.replay(failing)).rejects.toThrow('away')
  const next = createSink()
  await log.replay(next)
  const isCleared = call[0] === 'clear'
  const keys = call[0] === 'delete' ? ['b', 'a'] : ['b']
  expect(next.sent).toEqual(isCleared ? [call] : [['delete', 'n', keys], ...(call[0] === 'invalidate' ? [call] : [])])
})

test('it is not empty while it sends', async () => {
  const log = createOutageLog()
  log.noteKeys('n', ['a'])
  const seen: boolean[] = []
  await log.replay(createSink(() => seen.push(log.isEmpty)))
  expect([...seen, log.isEmpty]).toEqual([false, true])
})

test('beyond 10,000 names a namespace is cleared instead', async () => {
  const log = createOutageLog()
  log.noteKeys(
    'n',
    Array.from({ length: 10_001 }, (_, index) => `k${index}`),
  )
  const sink = createSink()
  await log.replay(sink)
  expect(sink.sent).toEqual([['clear', 'n']])
})
