import { silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { readInbox } from './inbox.ts'
import type { Delivered } from './message.ts'
import { createReadyWatch } from './ready-watch.ts'

const message = (delivery: string) => Object({ delivery, fence: 1, payload: delivery }) as Delivered

test('what gave no hint, because another message was ready when it was sent, is looked for soon after that one', async () => {
  const clock = createFakeClock()
  const looks: number[] = []
  let ready = [message('first')]
  const database = { rpc: () => Promise.reject(new Error('unused')) }
  const ending = new AbortController()
  const inbox = readInbox(
    {
      async receive() {
        looks.push(clock.monotonic())
        return ready.splice(0)
      },
      extend: async () => [],
      watch: createReadyWatch({ database, project: 'p', clock, logger: silentLogger }),
      clock,
      logger: silentLogger,
      random: () => 1,
    },
    { pollMs: 60_000, signal: ending.signal },
  )
  expect((await inbox.next()).value?.payload).toBe('first')
  const next = inbox.next()
  await clock.advance(2_000)
  ready = [message('second')]
  await clock.advance(8_000)
  expect((await next).value?.payload).toBe('second')
  expect(looks.map((at) => at - (looks[0] ?? 0))).toEqual([0, 0, 100, 500, 2_100])
  ending.abort()
  await inbox.return()
})
