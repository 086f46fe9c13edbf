import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { createTestDatabase, openEmbeddedDatabase, untilFinal } from '../src/testing/index.ts'

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

  test('an embedded database is migrated, and its folder goes when it is closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'core-kit-'))
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, folder)
    try {
      const database = await openEmbeddedDatabase()
      expect(await database.rpc('project_list', {})).toEqual({ ok: true, projects: [] })
      expect(await readdir(folder)).toHaveLength(1)
      await database.close()
      expect(await readdir(folder)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
