import { once } from 'node:events'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCore } from './core-here.ts'
import { createRoom, spawnCore } from './core-process.ts'

const room = createRoom()
let source: TestDatabase
beforeAll(async () => {
  source = await createTestDatabase()
  await source.database.rpc('project_register', { p_name: 'a' })
  await source.database.rpc('ledger_account_open', { p_key: 'a', p_account: 'a', p_kind: 'project' })
  await source.database.rpc('ledger_grant', { p_key: 'g', p_account: 'a', p_amount: 1_000_000 })
  await source.sql(
    "select core_api.ledger_charge(p_key => 'c' || i, p_account => 'a', p_amount => 1) from generate_series(1, 250) i",
  )
})
afterAll(async () => {
  await source?.drop()
  room[Symbol.dispose]()
})

test.each([
  ['among the tables', /^ledger_tx: /m],
  ['after the journal', /^ledger_entry: /m],
])('a copy that is killed with -9 %s leaves nothing, and works when it is repeated', async (_, moment) => {
  await using target = await createTestDatabase()
  const options = { cwd: room.folder, env: { CORE_DATABASE_URL: source.url, CORE_COPY_TARGET_URL: target.url } }
  // It waits for one of the last tables: however late it is killed, it has not ended.
  const holder = await source.connect()
  await holder.query('begin; lock table core.webhook in access exclusive mode')
  const killed = await spawnCore(['database', 'copy'], options)
  const ended = once(killed, 'exit')
  let said = ''
  killed.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (moment.test(said)) killed.kill('SIGKILL')
  })
  expect(await ended, said).toEqual([null, 'SIGKILL'])
  expect(said).not.toContain('webhook: ')
  await holder.query('rollback')
  const books = 'select count(*)::int as rows, sum(amount)::int as moved from core.ledger_tx'
  expect(await target.sql(books)).toEqual([{ rows: 0, moved: null }])

  const copied = await runCore(['database', 'copy'], options)
  expect(copied.code, copied.stderr).toBe(0)
  expect(JSON.parse(copied.stdout)).toMatchObject({ left: [], dbaSql: [] })
  expect(await target.sql(books)).toEqual(await source.sql(books))
})
