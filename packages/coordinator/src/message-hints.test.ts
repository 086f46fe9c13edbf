import { systemClock as clock, silentLogger as logger } from '@core/foundation'
import { expect, test } from 'vitest'
import { openMessageHints } from './message-hints.ts'

test('who waits before the connection listens looks once when it does: what came in between gave no hint', async () => {
  const listening = Promise.withResolvers<AsyncDisposable>()
  const hints = openMessageHints({ database: { listen: () => listening.promise }, project: 'painter', clock, logger })
  let isWoken = false
  const waiting = hints.wait(3_600_000, undefined).then(() => {
    isWoken = true
  })
  await clock.sleep(10)
  expect(isWoken).toBe(false)
  listening.resolve({ async [Symbol.asyncDispose]() {} })
  await waiting
  await hints.close()
})
