import { expect, test } from 'vitest'
import { createBreaker } from './breaker.ts'

function open() {
  let now = 0
  const breaker = createBreaker({ failures: 3, pauseMs: 100, maxPauseMs: 300, clock: { monotonic: () => now } })
  const pass = (ms: number) => {
    now += ms
  }
  const failTimes = (count: number) => {
    for (let failed = 0; failed < count; failed++) breaker.failed()
  }
  return { breaker, pass, failTimes }
}

test('it opens at the third failure in a row, and not for two with a success between them and the next', () => {
  const { breaker, failTimes } = open()
  failTimes(2)
  breaker.succeeded()
  failTimes(2)
  expect([breaker.isOpen, breaker.allows()]).toEqual([false, true])
  failTimes(1)
  expect([breaker.isOpen, breaker.allows()]).toEqual([true, false])
})

test('however many calls were under way when it opened, the pause is the first', () => {
  const { breaker, pass, failTimes } = open()
  failTimes(20)
  pass(99)
  expect(breaker.allows()).toBe(false)
  pass(1)
  expect(breaker.allows()).toBe(true)
})

test('after its pause one call tries; a success closes it, a failure doubles the pause up to the longest', () => {
  const { breaker, pass, failTimes } = open()
  failTimes(3)
  for (const pauseMs of [100, 200, 300, 300]) {
    pass(pauseMs - 1)
    expect(breaker.allows()).toBe(false)
    pass(1)
    expect([breaker.allows(), breaker.allows()]).toEqual([true, false])
    breaker.failed()
  }
  pass(300)
  expect(breaker.allows()).toBe(true)
  breaker.succeeded()
  expect([breaker.isOpen, breaker.allows(), breaker.allows()]).toEqual([false, true, true])
})
