import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createEmbeddedDriver, type EmbeddedDriver } from '../src/drivers/embedded.ts'
import { createEmbeddedFolder } from '../src/testing/index.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let folder: Awaited<ReturnType<typeof createEmbeddedFolder>>
let driver: EmbeddedDriver
const options = { signal: new AbortController().signal }

beforeAll(async () => {
  folder = await createEmbeddedFolder()
  driver = await createEmbeddedDriver({ driver: 'embedded', dataDir: folder.dataDir }, { logger: silentLogger })
})
afterAll(async () => {
  await driver.close()
  await folder[Symbol.asyncDispose]()
})

const ask = (sql: string, ...params: string[]) => driver.query(sql, params, options)
const execute = (sql: string) => driver.session((session) => session.execute(sql), options)
const keptTexts = async () => {
  const rows = await driver.session((session) => session.query('select statement from pg_prepared_statements'), options)
  return rows.map(({ statement }) => statement)
}

test('a statement is parsed once, however often it comes', async () => {
  for (const value of ['1', '2', '3'])
    expect(await ask('select $1::int + 1 as next', value)).toEqual([{ next: `${+value + 1}` }])
  expect((await keptTexts()).filter((text) => text === 'select $1::int + 1 as next')).toHaveLength(1)
})

test('what changed after a statement was parsed is met as it is now', async () => {
  const call = 'select double(p => $1) as answer'
  await execute(`create function double(p int) returns text language sql as 'select (2 * p)::text'`)
  expect(await ask(call, '4')).toEqual([{ answer: '8' }])
  await execute(`drop function double; create function double(p text) returns text language sql as 'select p || p'`)
  expect(await ask(call, 'four')).toEqual([{ answer: 'fourfour' }])
  await execute(`drop function double; create function double(p int) returns int language sql as 'select 2 * p'`)
  expect(await ask(call, '4')).toEqual([{ answer: '8' }])
  await execute('drop function double')
  await expect(ask(call, '4')).rejects.toMatchObject({ code: 'E_DATABASE_SCHEMA' })
})

test('a session that deallocates statements takes none from others', async () => {
  expect(await ask('select $1 as same', 'a')).toEqual([{ same: 'a' }])
  await execute('deallocate all')
  expect(await ask('select $1 as same', 'b')).toEqual([{ same: 'b' }])
})

test('one that fails is parsed no second time beside itself', async () => {
  const half = 'select 1 / $1::int as half'
  for (const value of ['0', '1', '0', '1']) await ask(half, value).catch(() => undefined)
  expect(await ask(half, '1')).toEqual([{ half: '1' }])
  expect((await keptTexts()).filter((text) => text === half)).toHaveLength(1)
})

test('of many texts those used last are kept', async () => {
  for (let at = 0; at < 500; at++) {
    expect(await ask(`select ${at} as number`)).toEqual([{ number: `${at}` }])
    await ask('select $1 as often', 'x')
  }
  const kept = await keptTexts()
  expect(kept.length).toBeLessThanOrEqual(200)
  expect(kept).toContain('select $1 as often')
  expect(kept).toContain('select 499 as number')
})
