import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createTestDatabase } from '@core/database/testing'
import { expect, test } from 'vitest'

test('sixteen processes that race for overlapping paths never hold two that exclude each other', {
  timeout: 300_000,
}, async () => {
  const on = await createTestDatabase({ poolSize: 2 })
  try {
    await on.database.rpc('project_register', { p_name: 'smart_layer' })
    await on.sql(
      `create table public.held (process int, path text, mode text, fence bigint, since timestamptz, until timestamptz)`,
    )
    const ends = await Promise.all(
      Array.from({ length: 16 }, async (_, at) => {
        const child = fork(join(import.meta.dirname, 'claim-process.ts'), [on.url, String(at), '30000'])
        const [code] = await once(child, 'exit')
        return code
      }),
    )
    expect(ends).toEqual(Array.from({ length: 16 }, () => 0))
    const [row] = await on.sql(`select (select count(*)::int from public.held) as held,
      (select count(distinct process)::int from public.held) as processes, count(*)::int as violations
      from public.held a join public.held b on a.fence < b.fence and a.since < b.until and b.since < a.until
        and (a.path = b.path or starts_with(a.path, b.path || '/') or starts_with(b.path, a.path || '/'))
        and not (a.mode = 'shared' and b.mode = 'shared')`)
    console.info(`claims held: ${row?.['held']}`)
    expect(row).toMatchObject({ processes: 16, violations: 0 })
    expect(Number(row?.['held'])).toBeGreaterThan(500)
  } finally {
    await on.drop()
  }
})
