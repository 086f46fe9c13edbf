import { beforeEach, expect, test } from 'vitest'
import type { OutboxEvent } from './outbox-event.ts'
import { createOutlet, type Outlet } from './send-queue.ts'

let sent: number[]
let isFull: boolean
let outlet: Outlet

beforeEach(() => {
  sent = []
  isFull = false
  outlet = createOutlet({ send: ({ seq }) => sent.push(seq), isFull: () => isFull, maxWaiting: 3 })
})

const event = (seq: number, stateKey: string | null): OutboxEvent => ({
  seq,
  topic: stateKey === null ? 'flag' : 'ledger.balance',
  project: null,
  stateKey,
  type: 'changed',
  data: {},
  frame: Buffer.alloc(0),
})

test('with room everything leaves at once', () => {
  expect([outlet.offer(event(1, 'a')), outlet.offer(event(2, null))]).toEqual(['sent', 'sent'])
  expect(sent).toEqual([1, 2])
})

test('without room a log is refused, and of states the newest of each waits, in the order of their seq', () => {
  isFull = true
  expect(outlet.offer(event(1, null))).toBe('refused')
  for (const [seq, key] of [
    [2, 'a'],
    [3, 'b'],
    [4, 'a'],
    [5, 'c'],
  ] as const) {
    expect(outlet.offer(event(seq, key))).toBe('waiting')
  }
  expect(outlet.offer(event(6, 'd'))).toBe('refused')
  isFull = false
  expect(outlet.flush()).toBe(false)
  expect(sent).toEqual([3, 4, 5])
})

test('a state does not overtake one that waits; a log of another topic may', () => {
  isFull = true
  outlet.offer(event(1, 'a'))
  isFull = false
  expect([outlet.offer(event(2, 'b')), outlet.offer(event(3, null))]).toEqual(['waiting', 'sent'])
  outlet.flush()
  expect(sent).toEqual([3, 1, 2])
})

test('flushing stops where the room ends; what was cleared does not come', () => {
  isFull = true
  outlet.offer(event(1, 'a'))
  expect(outlet.flush()).toBe(true)
  outlet.clear('flag')
  isFull = false
  outlet.flush()
  isFull = true
  outlet.offer(event(2, 'a'))
  outlet.clear('ledger.balance')
  isFull = false
  outlet.flush()
  expect(sent).toEqual([1])
})
