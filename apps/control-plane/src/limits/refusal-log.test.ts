import { CoreError, silentLogger } from '@core/foundation'
import { createFakeClock } from '@core/foundation/testing'
import { expect, test } from 'vitest'
import { createRefusalLog } from './refusal-log.ts'

const refused = (sqlstate: string) =>
  new CoreError('E_DATABASE_UNAVAILABLE', `refused: ${sqlstate}`, { details: { sqlstate } })

test('each reason is logged once while it lasts, and again when it comes back', async () => {
  const clock = createFakeClock(0)
  const logged: unknown[] = []
  const log = createRefusalLog({ logger: { ...silentLogger, warn: (fields) => void logged.push(fields) }, clock })
  const full = refused('53100')
  const standby = refused('25006')
  for (let seconds = 0; seconds < 600; seconds += 50) {
    log(full)
    log(standby)
    await clock.advance(50_000)
  }
  expect(logged).toEqual([full, standby].map((err) => ({ component: 'database', err })))
  await clock.advance(10_000)
  log(full)
  expect(logged).toHaveLength(3)
})

test('what the guard itself refuses, and what a function answers, is no reason', () => {
  const logged: unknown[] = []
  const log = createRefusalLog({ logger: { ...silentLogger, warn: (fields) => void logged.push(fields) } })
  log(new CoreError('E_DATABASE_UNAVAILABLE', 'the database is away', { details: { reason: 'circuit_open' } }))
  log(new CoreError('E_NOT_FOUND', 'no such hold', { details: { sqlstate: 'PT404' } }))
  log(new Error('other'))
  expect(logged).toEqual([])
})
