import { expect, test } from 'vitest'
import { openDatabase } from '../src/index.ts'
import { copyDatabase } from '../src/migrate/index.ts'
import { offerSession, withSession } from '../src/sql-session.ts'
import { createTestDatabase, type TestDatabase } from '../src/testing/index.ts'

const projects = (test: TestDatabase) => test.sql('select name from core.project order by name')

test('what a host cuts off, long statements and idle transactions, cuts off no copy', async () => {
  await using source = await createTestDatabase()
  await using target = await createTestDatabase()
  await source.database.rpc('project_register', { p_name: 'kept' })
  for (const { name, sql } of [source, target]) {
    const limits = await sql(`select name from pg_settings
      where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`)
    for (const limit of limits) await sql(`alter database ${name} set ${limit['name']} = '500ms'`)
  }
  await using from = await openDatabase({ driver: 'postgres', url: source.url })
  await using to = await openDatabase({ driver: 'postgres', url: target.url })
  let isHeldUp = false
  const onProgress = () => {
    // Both transactions are idle meanwhile.
    if (!isHeldUp) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900)
    isHeldUp = true
  }
  await copyDatabase({ from, to, onProgress })
  expect(isHeldUp).toBe(true)
  expect(await projects(target)).toEqual(await projects(source))
})

test('a copy that the target has committed has succeeded, also where the connection to its source is lost then', async () => {
  await using source = await createTestDatabase()
  await using target = await createTestDatabase()
  await source.database.rpc('project_register', { p_name: 'kept' })
  await using from = await openDatabase({ driver: 'postgres', url: source.url })
  const lost = { ...from }
  offerSession(lost, (work, options) =>
    withSession(
      from,
      (session) =>
        work({
          query: (sql, params) => session.query(sql, params),
          async execute(sql) {
            await session.execute(sql)
            if (sql === 'rollback') throw new Error('the connection was lost')
          },
        }),
      options,
    ),
  )
  expect(await copyDatabase({ from: lost, to: target.database })).toMatchObject({ sealHead: null })
  expect(await projects(target)).toEqual([{ name: 'kept' }])
})
