import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createLookupLanes } from './lookup-lanes.ts'

test('an address looks up one credential at a time, and pauses after each that fails', async () => {
  const clock = createFakeClock()
  const lanes = createLookupLanes({ clock, pauseMs: 10 })
  const order: string[] = []
  const fail = (name: string) => async () => {
    order.push(name)
    throw new Error('unknown')
  }
  const settled = [fail('a'), fail('b')].map((work) => lanes.run('x', work).catch(() => 'failed'))
  const good = lanes.run('x', async () => order.push('good'))
  const other = lanes.run('y', async () => order.push('other'))
  await clock.advance(0)
  expect(order.toSorted()).toEqual(['a', 'other'])
  await clock.advance(10)
  await clock.advance(10)
  expect(await Promise.all(settled)).toEqual(['failed', 'failed'])
  expect(await good).toBe(4)
  expect(await other).toBeLessThan(3)
})

test('beyond the most that may wait, and beyond the longest wait, there is no look-up', async () => {
  const clock = createFakeClock()
  const lanes = createLookupLanes({ clock, maxWaiting: 2, maxWaitMs: 100 })
  const { promise: slow, resolve: end } = Promise.withResolvers<string>()
  const first = lanes.run('x', () => slow)
  const second = lanes.run('x', () => 'late')
  expect(await lanes.run('x', () => 'third')).toBeUndefined()
  await clock.advance(200)
  end('first')
  await clock.advance(0)
  expect(await first).toBe('first')
  expect(await second).toBeUndefined()
  await clock.advance(0)
  expect(await lanes.run('x', () => 'again')).toBe('again')
})
