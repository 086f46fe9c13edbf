import { describe, expect, test } from 'vitest'
import { createTestDatabase, openMemoryDatabase, untilFinal } from '../src/testing/index.ts'

describe('the test kit', () => {
  test('a test database is migrated and isolated from the others', async () => {
    await using one = await createTestDatabase()
    await using two = await createTestDatabase()
    await one.database.rpc('project_register', { p_name: 'only_here' })
    expect(await one.sql('select name from core.project')).toEqual([{ name: 'only_here' }])
    expect(await two.sql('select name from core.project')).toEqual([])
  })

  test('an empty one has no schema of Core', async () => {
    await using empty = await createTestDatabase({ empty: true })
    expect(await empty.sql(`select to_regnamespace('core') as found`)).toEqual([{ found: null }])
  })

  test('dropping removes the database, with connections of the test still open', async () => {
    const dropped = await createTestDatabase()
    await dropped.connect()
    await dropped.drop()
    await using other = await createTestDatabase()
    expect(await other.sql('select 1 from pg_database where datname = $1', [dropped.name])).toEqual([])
  })

  test('what is older is waited for, in whatever database of the server it is open', async () => {
    await using one = await createTestDatabase()
    await using two = await createTestDatabase()
    const older = await one.connect()
    await older.query('begin; select pg_current_xact_id()')
    let isFinal = false
    const waiting = untilFinal(two).then(() => {
      isFinal = true
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(isFinal).toBe(false)
    await older.query('commit')
    await waiting
  })

  test('a memory database is migrated', async () => {
    await using database = await openMemoryDatabase()
    expect(await database.rpc('project_list', {})).toEqual({ ok: true, projects: [] })
  })
})
