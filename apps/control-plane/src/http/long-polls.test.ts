import { CoreError, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createLongPolls } from './long-polls.ts'

test('hints that could not be listened for are tried again after a minute, for as long as the process lives', async () => {
  const clock = createFakeClock()
  let tries = 0
  await using polls = createLongPolls({
    database: {
      rpc: () => Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away')),
      async listen() {
        if (++tries < 3) throw new CoreError('E_DATABASE_UNAVAILABLE', 'away')
        return { async [Symbol.asyncDispose]() {} }
      },
    },
    clock,
    logger: silentLogger,
  })
  const { signal } = new AbortController()
  const wait = async (ms: number) => {
    const read = async () => []
    const isEmpty = (answer: readonly unknown[]) => answer.length === 0
    const polled = polls.poll({ subject: 's', awaited: { inboxes: ['p'] }, waitMs: ms, signal, read, isEmpty })
    await clock.advance(ms)
    await polled
  }
  await wait(20_000)
  await wait(20_000)
  expect(tries).toBe(1)
  for (let minute = 0; minute < 5; minute++) {
    await clock.advance(60_000)
    await wait(20_000)
  }
  expect(tries).toBe(3)
})
