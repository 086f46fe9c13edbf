import { execFile } from 'node:child_process'
import process from 'node:process'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { type Clock, systemClock } from './clock.ts'
import { createFakeClock } from './testing/index.ts'

describe.each<[string, () => { clock: Clock; pass: (ms: number) => Promise<unknown> }]>([
  ['the system clock', () => ({ clock: systemClock, pass: async (ms) => vi.advanceTimersByTimeAsync(ms) })],
  [
    'the fake clock',
    () => {
      const clock = createFakeClock()
      return { clock, pass: clock.advance }
    },
  ],
])('%s', (_, make) => {
  test('sleeps for the given time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }) // the fake clock needs setImmediate
    try {
      const { clock, pass } = make()
      let awake = false
      const sleep = clock.sleep(100).then(() => {
        awake = true
      })
      await pass(99)
      expect(awake).toBe(false)
      await pass(1)
      await sleep
    } finally {
      vi.useRealTimers()
    }
  })

  test('wakes at once when the signal aborts', async () => {
    const { clock } = make()
    const controller = new AbortController()
    const sleep = clock.sleep(60_000, { signal: controller.signal })
    controller.abort('stop')
    await expect(sleep).rejects.toBe('stop')
    await expect(clock.sleep(60_000, { signal: controller.signal })).rejects.toBe('stop')
  })
})

test('an aborted sleep of the system clock leaves no timer', async () => {
  vi.useFakeTimers()
  try {
    const controller = new AbortController()
    const sleep = systemClock.sleep(60_000, { signal: controller.signal })
    controller.abort('stop')
    await expect(sleep).rejects.toBe('stop')
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a sleep in the background lets the process end', async () => {
  const clock = new URL('clock.ts', import.meta.url).href
  const lifeMs = async (sleepMs: number, unref: boolean) => {
    const script = `import { systemClock } from ${JSON.stringify(clock)}
      const startedAt = performance.now()
      process.on('exit', () => console.log(performance.now() - startedAt))
      void systemClock.sleep(${sleepMs}, { unref: ${unref} })`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    return Number(stdout)
  }
  expect(await lifeMs(60_000, true)).toBeLessThan(50_000)
  expect(await lifeMs(300, false)).toBeGreaterThan(290)
})

test('the system clock does not wake at once from a sleep longer than a timer can count', async () => {
  vi.useFakeTimers()
  try {
    let awake = false
    void systemClock.sleep(2 ** 40).then(() => {
      awake = true
    })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(awake).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})

test('setting the wall clock of a fake clock leaves durations alone', async () => {
  const clock = createFakeClock(1000)
  await clock.advance(50)
  clock.setNow(0)
  expect([clock.now(), clock.monotonic()]).toEqual([0, 50])
  await clock.advance(5)
  expect([clock.now(), clock.monotonic()]).toEqual([5, 55])
})

test('sleepers of a fake clock wake in order, each at its own time', async () => {
  const clock = createFakeClock()
  const woken: [string, number][] = []
  const sleep = async (name: string, ...pauses: number[]) => {
    for (const ms of pauses) {
      await clock.sleep(ms)
      woken.push([name, clock.monotonic()])
    }
  }
  void sleep('a', 30, 30)
  void sleep('b', 20, 20)
  await clock.advance(50)
  expect(woken).toEqual([
    ['b', 20],
    ['a', 30],
    ['b', 40],
  ])
  expect(clock.sleepers()).toBe(1)
})
