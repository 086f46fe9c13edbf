import {
  type ChaosFault,
  createChaosDatabase,
  openEmbeddedDatabase,
  randomFaults,
  runSql,
} from '@core/database/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../src/index.ts'
import { contractFunctions } from '../src/testing/contract-target.ts'

let database: Database

beforeAll(async () => {
  database = await openEmbeddedDatabase()
  await runSql(database, contractFunctions)
})
beforeEach(() => runSql(database, 'truncate core.contract_note'))
afterAll(() => database.close())

const always = (fault: ChaosFault) => createChaosDatabase(database, () => fault)
const notes = () => database.call('contract_notes', {})

test('what is thrown was not sent', async () => {
  const call = always('throw').call('contract_note', { p_text: 'a' })
  await expect(call).rejects.toMatchObject({
    code: 'E_DATABASE_UNAVAILABLE',
    retryable: true,
    details: { sent: false },
  })
  expect(await notes()).toEqual([])
})

test('what stalls was not sent, and ends with its deadline or its signal', async () => {
  const chaos = always('stall')
  const late = chaos.call('contract_note', { p_text: 'a' }, { timeoutMs: 20 })
  await expect(late).rejects.toMatchObject({ code: 'E_TIMEOUT' })
  const aborted = chaos.call('contract_note', { p_text: 'a' }, { signal: AbortSignal.abort() })
  await expect(aborted).rejects.toMatchObject({ code: 'E_ABORTED' })
  expect(await notes()).toEqual([])
})

test('what is cut was done, and its answer is lost', async () => {
  const call = always('cut').call('contract_note', { p_text: 'a' })
  await expect(call).rejects.toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true, details: { sent: true } })
  expect(await notes()).toEqual(['a'])
})

test('what is sent twice was done twice and answers the second time; what may not be repeated is sent once', async () => {
  const chaos = always('twice')
  expect(await chaos.call('contract_note', { p_text: 'a' })).toEqual(['a', 'a'])
  expect(await chaos.call('contract_note', { p_text: 'b' }, { repeatable: false })).toEqual(['a', 'a', 'b'])
  expect(chaos.faults).toEqual({ throw: 0, stall: 0, cut: 0, twice: 2 })
})

test('a hint is lost or repeated', async () => {
  const faults: (ChaosFault | undefined)[] = ['cut', 'twice', undefined]
  const chaos = createChaosDatabase(database, (name) => (name === 'listen' ? faults.shift() : undefined))
  const heard: string[] = []
  await using _listening = await chaos.listen('chaos', (payload) => heard.push(payload))
  for (const p_payload of ['1', '2', '3']) await chaos.call('contract_notify', { p_channel: 'chaos', p_payload })
  await expect.poll(() => heard, { timeout: 30_000 }).toEqual(['2', '2', '3'])
})

test('faults at random come with their chances, one at most per call', () => {
  const numbers = [0.05, 0.15, 0.25, 0.35, 0.45]
  const pick = randomFaults({ throw: 0.1, stall: 0.1, cut: 0.1, twice: 0.1 }, () => numbers.shift() ?? 1)
  expect(Array.from({ length: 5 }, () => pick('a'))).toEqual(['throw', 'stall', 'cut', 'twice', undefined])
})
