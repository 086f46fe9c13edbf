import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createLargeBodies } from './large-bodies.ts'

/** A clock that moves while work is done, too. */
function createWorkClock() {
  const clock = createFakeClock()
  let workedMs = 0
  const monotonic = () => clock.monotonic() + workedMs
  const takes = (ms: number, done: () => void) => () => {
    done()
    workedMs += ms
  }
  return { ...clock, monotonic, takes }
}

test('bodies are read one at a time, callers in turns, and the thread is free for twice as long between them', async () => {
  const clock = createWorkClock()
  const bodies = createLargeBodies({ clock })
  const order: [name: string, at: number][] = []
  const start = clock.monotonic()
  const send = (caller: string, name: string) =>
    bodies.run(
      caller,
      10_000,
      clock.takes(10, () => order.push([name, clock.monotonic() - start])),
      () => order.push([`${name} refused`, 0]),
    )
  for (const name of ['a1', 'a2', 'a3']) send('a', name)
  send('b', 'b1')
  for (let at = 0; at < 120; at += 5) await clock.advance(5)
  expect(order.map(([name]) => name)).toEqual(['a1', 'a2', 'b1', 'a3'])
  const starts = order.map(([, at]) => at)
  for (const [index, at] of starts.entries())
    if (index > 0) expect(at - (starts[index - 1] ?? 0)).toBeGreaterThanOrEqual(30)
})

test('beyond the most that may wait, of one caller and of all, and beyond the longest wait, a body is refused', async () => {
  const clock = createWorkClock()
  const bodies = createLargeBodies({ clock, maxWaitingBytesPerCaller: 20_000, maxWaitingBytes: 30_000, maxWaitMs: 100 })
  const order: string[] = []
  const send = (caller: string, name: string, ms = 10) =>
    bodies.run(
      caller,
      10_000,
      clock.takes(ms, () => order.push(name)),
      () => order.push(`${name} refused`),
    )
  send('a', 'first', 200)
  for (const name of ['a1', 'a2', 'a3']) send('a', name)
  for (const name of ['b1', 'b2']) send('b', name)
  expect(order).toEqual(['first', 'a3 refused', 'b2 refused'])
  await clock.advance(400)
  expect(order.slice(3)).toEqual(['a1 refused', 'b1 refused', 'a2 refused'])
  send('a', 'again')
  await clock.advance(0)
  expect(order.at(-1)).toBe('again')
})

test('a burst of batches waits, however many they are, while their bytes are few', async () => {
  const clock = createWorkClock()
  const bodies = createLargeBodies({ clock })
  let read = 0
  let refused = 0
  const one = clock.takes(2, () => read++)
  for (let sent = 0; sent < 200; sent++) bodies.run('a', 13_000, one, () => refused++)
  await clock.advance(4_000)
  expect({ read, refused }).toEqual({ read: 200, refused: 0 })
})
