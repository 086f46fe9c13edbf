import { format, inspect } from 'node:util'
import type { Database, DatabaseConfig } from '@core/database'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type DatabaseSettings, PostgresSettings, SupabaseSettings, toDatabaseSettings } from './database-settings.ts'
import type { FlagDatabase } from './flags/flag-database.ts'

const values = {
  poolSize: 4,
  timeoutMs: 900,
  url: 'postgres://core:hunter2@db.example:5432/main?password=hunter2',
  supabase: { url: 'https://project.example', serviceRoleKey: 'hunter2-hunter2-hunter2' },
}

describe('the database section', () => {
  test('is what the database package opens', () => {
    expectTypeOf<DatabaseSettings>().toExtend<DatabaseConfig>()
    expect(toDatabaseSettings('embedded', values, '/srv/core')).toEqual({
      driver: 'embedded',
      dataDir: '/srv/core',
      timeoutMs: 900,
    })
    expect(toDatabaseSettings('postgres', values, '/srv/core')).toMatchObject({
      driver: 'postgres',
      poolSize: 4,
      timeoutMs: 900,
      url: values.url,
    })
    expect(toDatabaseSettings('supabase', values, '/srv/core')).toMatchObject({
      driver: 'supabase',
      timeoutMs: 900,
      url: values.supabase.url,
      key: values.supabase.serviceRoleKey,
    })
  })

  test.each(['postgres', 'supabase'] as const)('hides the secret of %s wherever it is printed', (driver) => {
    const section = toDatabaseSettings(driver, values, '/srv/core')
    const printed = [
      inspect(section, { showHidden: true }),
      inspect({ nested: { section } }, { depth: 9 }),
      inspect(section, { customInspect: false, showHidden: true }),
      JSON.stringify({ section }),
      format('%s %o %O %j', section, section, section, section),
      inspect({ ...section }),
      inspect(Object.entries(section)),
      `${section}`,
    ]
    expect(printed.filter((text) => text.includes('hunter2'))).toEqual([])
    expect(printed[0]).toContain('[redacted]')
  })

  test('still says where a postgres server is', () => {
    expect(inspect(toDatabaseSettings('postgres', values, '/srv/core'))).toContain('@db.example:5432/main')
  })

  test('loses its secret in a spread, and the compiler knows', () => {
    const postgres = { ...new PostgresSettings(values.url, { poolSize: 4, timeoutMs: 900 }) }
    const supabase = { ...new SupabaseSettings(values.supabase.url, 'hunter2', { timeoutMs: 900 }) }
    expectTypeOf(postgres).not.toExtend<DatabaseConfig>()
    expectTypeOf(supabase).not.toExtend<DatabaseConfig>()
    expect(Object.keys(postgres)).not.toContain('url')
    expect(Object.keys(supabase)).not.toContain('key')
  })
})

test('a database of the database package is one that flags can follow', () => {
  expectTypeOf<Database>().toExtend<FlagDatabase>()
})
