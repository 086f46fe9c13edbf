import { beforeEach, expect, test } from 'vitest'
import type { OutboxEvent } from './outbox-event.ts'
import { createSendQueue, type SendQueue } from './send-queue.ts'

let sent: number[]
let isFull: boolean
let queue: SendQueue

beforeEach(() => {
  sent = []
  isFull = false
  queue = createSendQueue({ send: ({ seq }) => sent.push(seq), isFull: () => isFull, maxWaiting: 3 })
})

const event = (seq: number, stateKey: string | null): OutboxEvent => ({
  seq,
  topic: stateKey === null ? 'flag' : 'ledger.balance',
  project: null,
  stateKey,
  type: 'changed',
  at: '2026-11-20T09:30:00Z',
  data: {},
  frame: Buffer.alloc(0),
})

test('with room everything leaves at once', () => {
  expect([queue.offer(event(1, 'a')), queue.offer(event(2, null))]).toEqual(['sent', 'sent'])
  expect(sent).toEqual([1, 2])
})

test('without room a log is refused, and of states the newest of each waits, in the order of their seq', () => {
  isFull = true
  expect(queue.offer(event(1, null))).toBe('refused')
  for (const [seq, key] of [
    [2, 'a'],
    [3, 'b'],
    [4, 'a'],
    [5, 'c'],
  ] as const) {
    expect(queue.offer(event(seq, key))).toBe('waiting')
  }
  expect(queue.offer(event(6, 'd'))).toBe('refused')
  isFull = false
  expect(queue.flush()).toBe(false)
  expect(sent).toEqual([3, 4, 5])
})

test('a state does not overtake one that waits; a log of another topic may', () => {
  isFull = true
  queue.offer(event(1, 'a'))
  isFull = false
  expect([queue.offer(event(2, 'b')), queue.offer(event(3, null))]).toEqual(['waiting', 'sent'])
  queue.flush()
  expect(sent).toEqual([3, 1, 2])
})

test('flushing stops where the room ends; what was cleared does not come', () => {
  isFull = true
  queue.offer(event(1, 'a'))
  expect(queue.flush()).toBe(true)
  queue.clear('flag')
  isFull = false
  queue.flush()
  isFull = true
  queue.offer(event(2, 'a'))
  queue.clear('ledger.balance')
  isFull = false
  queue.flush()
  expect(sent).toEqual([1])
})
