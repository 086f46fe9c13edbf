import { CoreError, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createReadyWatch } from './ready-watch.ts'

test('a loop that began while the database was away hears hints later: they are listened for again', async () => {
  const clock = createFakeClock()
  let tries = 0
  let hint = (_: string) => {}
  const watch = createReadyWatch({
    database: {
      rpc: () => Promise.reject(new CoreError('E_DATABASE_UNAVAILABLE', 'away')),
      async listen(_, onHint) {
        if (++tries < 3) throw new CoreError('E_DATABASE_UNAVAILABLE', 'away')
        hint = onHint
        return { async [Symbol.asyncDispose]() {} }
      },
    },
    project: 'p',
    clock,
    logger: silentLogger,
  })
  const watching = watch.enter({ inbox: true })
  for (let second = 0; second < 200; second++) {
    const waited = watching.wait(1_000, undefined)
    await clock.advance(1_000)
    await waited
  }
  expect(tries).toBe(3)
  const waited = watching.wait(1_000_000, undefined)
  hint('p')
  await waited
  await watching.close()
})

test('a loop that waits looks once when the connection listens: what was sent before gave no hint', async () => {
  const clock = createFakeClock()
  const listening = Promise.withResolvers<AsyncDisposable>()
  const watch = createReadyWatch({
    database: { rpc: () => Promise.reject(new Error('unused')), listen: () => listening.promise },
    project: 'p',
    clock,
    logger: silentLogger,
  })
  const watching = watch.enter({ inbox: true })
  const waited = watching.wait(1_000_000, undefined)
  listening.resolve({ async [Symbol.asyncDispose]() {} })
  await waited
  await watching.close()
})
