import { CoreError, silentLogger, startDeadline, systemClock } from '@core/foundation'
import { expect, test } from 'vitest'
import { repeatCall } from './repeat-call.ts'

/** Fails once for each of these; what the caller learns of it in the end. */
async function failWith(fates: readonly boolean[]): Promise<unknown> {
  let attempt = 0
  using deadline = startDeadline('a call', {}, 10_000)
  const work = async () => {
    const sent = fates[Math.min(attempt++, fates.length - 1)]
    throw new CoreError('E_DATABASE_UNAVAILABLE', 'away', { retryable: true, details: { sent } })
  }
  return await repeatCall(work, { deadline, repeatable: true, logger: silentLogger, clock: systemClock }).catch(
    (error: unknown) => error,
  )
}

test('a call whose first answer was lost may have run, whatever became of the attempts after it', async () => {
  expect(await failWith([true, false])).toMatchObject({ details: { sent: true } })
  expect(await failWith([false])).toMatchObject({ details: { sent: false } })
})
