import { runSql } from '@core/database/testing'
import { silentLogger, uuidv7 } from '@core/foundation'
import type { CallRecord } from '@core/router'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCallLog } from '../src/nouns/router/call-log.ts'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const record = (change: Partial<CallRecord> = {}): CallRecord => ({
  call: uuidv7(),
  project: 'smart_layer',
  at: new Date(),
  subject: 'key:one',
  account: 'smart_layer',
  hold: null,
  operation: 'chat',
  route: 'fast',
  target: null,
  model: null,
  user: null,
  tags: [],
  status: 200,
  usage: {},
  charged: 1,
  flags: [],
  attempts: 1,
  firstOutputMs: null,
  totalMs: 1,
  ...change,
})

test('a row that the database refuses does not hold up the others', async () => {
  const { database } = server.test
  const log = createCallLog(database, silentLogger)
  const all = Array.from({ length: 20 }, (_, index) =>
    record(index === 7 ? { route: 'a\u0000b' } : index === 13 ? { user: '\ud83d' } : {}),
  )
  for (const one of all) log.add(one)
  expect(await log.flush()).toBe(18)
  expect({ waiting: log.waiting, dropped: log.dropped }).toEqual({ waiting: 0, dropped: 2 })
  const rows = await runSql(database, 'select count(*)::text as n from core.model_call', [])
  expect(rows).toEqual([{ n: '18' }])
})
