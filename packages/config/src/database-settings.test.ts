import { format, inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type DatabaseSettings, toDatabaseSettings } from './database-settings.ts'

/** What `openDatabase` of @core/database takes; this package may not import it. */
type DatabaseConfig =
  | { driver: 'embedded'; dataDir: string; timeoutMs?: number }
  | { driver: 'postgres'; url: string; poolSize?: number; timeoutMs?: number }
  | { driver: 'supabase'; url: string; key: string; timeoutMs?: number }

const values = {
  poolSize: 4,
  timeoutMs: 900,
  url: 'postgres://core:hunter2@db.example:5432/main?password=hunter2',
  supabase: { url: 'https://project.example', serviceRoleKey: 'hunter2-hunter2-hunter2' },
}

describe('the database section', () => {
  test('is what the database package opens', () => {
    const accept = (config: DatabaseConfig) => config
    const sections: DatabaseSettings[] = [
      toDatabaseSettings('embedded', values, '/srv/core'),
      toDatabaseSettings('postgres', values, '/srv/core'),
      toDatabaseSettings('supabase', values, '/srv/core'),
    ]
    const [embedded, postgres, supabase] = sections.map(accept)
    expect(embedded).toEqual({ driver: 'embedded', dataDir: '/srv/core/data', timeoutMs: 900 })
    expect(postgres).toMatchObject({ driver: 'postgres', poolSize: 4, timeoutMs: 900, url: values.url })
    expect(supabase).toMatchObject({ driver: 'supabase', timeoutMs: 900, url: values.supabase.url })
    expect(supabase).toMatchObject({ key: values.supabase.serviceRoleKey })
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

  test('does not compile where a spread would lose a secret', () => {
    const section = toDatabaseSettings('postgres', values, '/srv/core')
    if (section.driver !== 'postgres') throw new Error('unreachable')
    // @ts-expect-error -- url is an accessor of a class, which a spread does not copy
    const copy: DatabaseConfig = { ...section, poolSize: 1 }
    expect(copy).not.toHaveProperty('url')
  })
})
