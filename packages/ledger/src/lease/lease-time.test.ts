import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { LeaseTime } from './lease-time.ts'

const HOUR = 3_600_000
const startMs = Date.UTC(2026, 0, 1)

/** A lease that ends in an hour; the database's clock is a day ahead of this machine's. */
function begin({ boot = 'boot-1' } = {}) {
  const clock = createFakeClock(startMs)
  let uptimeMs = 50_000
  const bootTime = { boot, uptimeMs: () => uptimeMs }
  const serverAt = startMs + 24 * HOUR
  const make = () => new LeaseTime({ clock, bootTime, marginMs: 10_000, expiresAt: serverAt + HOUR })
  const time = make()
  return {
    clock,
    time,
    serverAt,
    make,
    isUp: () => time.isUp(clock.now()),
    /** All clocks continue, as they do. */
    async pass(ms: number) {
      uptimeMs += ms
      await clock.advance(ms)
    },
    /** In standby the monotonic clock of Linux stops. */
    standBy(ms: number) {
      uptimeMs += ms
      clock.setNow(clock.now() + ms)
    },
    reboot(ms: number) {
      uptimeMs = 1_000
      clock.setNow(clock.now() + ms)
    },
  }
}

test('nothing may be spent before the database has given its time', () => {
  const { isUp, time } = begin()
  expect(isUp()).toBe(true)
  expect(time.check()).toBe(0)
})

test("spending stops a margin before the end by the database's clock", async () => {
  const { time, isUp, pass, serverAt } = begin()
  time.anchor(serverAt, time.read())
  expect(time.check()).toBe(HOUR - 10_000)
  await pass(HOUR - 10_001)
  expect([isUp(), time.check()]).toEqual([false, 1])
  await pass(1)
  expect([isUp(), time.check()]).toEqual([true, 0])
})

test('the time a call took counts as passed', async () => {
  const { time, pass, serverAt } = begin()
  const sentAt = time.read()
  await pass(4_000)
  time.anchor(serverAt, sentAt)
  expect(time.check()).toBe(HOUR - 14_000)
})

test('setting the wall clock back gains nothing and shows', async () => {
  const { time, isUp, pass, clock, serverAt } = begin()
  time.anchor(serverAt, time.read())
  await pass(HOUR / 2)
  clock.setNow(startMs - 5 * HOUR)
  expect(time.check()).toBe(HOUR / 2 - 10_000)
  expect(time.jumpMs).toBe(-5.5 * HOUR)
  await pass(HOUR / 2 - 10_000)
  expect(isUp()).toBe(true)
})

test('setting the wall clock ahead ends the lease until the database has given its time', async () => {
  const { time, isUp, pass, clock, serverAt } = begin()
  time.anchor(serverAt, time.read())
  clock.setNow(startMs + 2 * HOUR)
  expect([isUp(), time.check(), time.jumpMs]).toEqual([true, 0, 2 * HOUR])
  await pass(1_000)
  time.anchor(serverAt + 1_000, time.read())
  expect([isUp(), time.check(), time.jumpMs]).toEqual([false, HOUR - 11_000, 0])
})

test('the clocks may drift apart a little', async () => {
  const { time, clock, serverAt } = begin()
  time.anchor(serverAt, time.read())
  clock.setNow(clock.now() + 2_500)
  time.check()
  expect(time.jumpMs).toBe(0)
})

test('time in standby counts, also when the wall clock was set back meanwhile', () => {
  const { time, isUp, standBy, clock, serverAt } = begin()
  time.anchor(serverAt, time.read())
  standBy(2 * HOUR)
  expect(isUp()).toBe(true)
  clock.setNow(startMs)
  expect(time.check()).toBe(0)
  expect(isUp()).toBe(true)
})

test('a later process continues where an earlier one was', async () => {
  const { time, make, pass, clock, serverAt } = begin()
  const anchor = time.anchor(serverAt, time.read())
  await pass(HOUR / 4)
  const later = make()
  expect(later.resume(anchor, clock.now())).toBe(true)
  expect(later.check()).toBe((HOUR * 3) / 4 - 10_000)
})

test('a later process of the same boot is not fooled by the wall clock', async () => {
  const { time, make, pass, clock, serverAt } = begin()
  const anchor = time.anchor(serverAt, time.read())
  await pass(HOUR / 4)
  clock.setNow(startMs - 100 * HOUR)
  const later = make()
  expect(later.resume(anchor, startMs + 1_000)).toBe(true)
  expect(later.check()).toBe((HOUR * 3) / 4 - 10_000)
})

test('after a reboot the wall clock counts, unless the journal has seen a later time', () => {
  for (const [passedMs, lastSeenMs, isTrusted] of [
    [HOUR / 4, startMs + HOUR / 8, true],
    [-HOUR, startMs, false],
  ] as const) {
    const { time, clock, reboot, serverAt } = begin()
    const anchor = time.anchor(serverAt, time.read())
    reboot(passedMs)
    const bootTime = { boot: 'boot-2', uptimeMs: () => 1_000 }
    const later = new LeaseTime({ clock, bootTime, marginMs: 10_000, expiresAt: serverAt + HOUR })
    expect(later.resume(anchor, lastSeenMs)).toBe(isTrusted)
    expect(later.check()).toBe(isTrusted ? HOUR - passedMs - 10_000 : 0)
  }
})
