import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@core/database'
import { startPostgresServer } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import { postgresStore } from '../src/stores/postgres.ts'

const bin = ['/usr/lib/postgresql/15/bin'].find((path) => existsSync(join(path, 'pg_dump')))

test('dumped and restored into another cluster, entries are read, what was void stays void, and no memory is trusted', {
  timeout: 180_000,
}, async ({ skip }) => {
  if (bin === undefined) return skip('there is no pg_dump of Postgres 15 on this machine')
  const folder = await mkdtemp(join(tmpdir(), 'core-cache-dump-'))
  await chmod(folder, 0o755) // a server started as root runs as another user, which must be able to enter
  const from = await startPostgresServer({ folder: join(folder, 'from'), bin, migrated: true })
  const to = await startPostgresServer({ folder: join(folder, 'to'), bin, apart: true })
  const open = (database: Awaited<ReturnType<typeof openDatabase>>) =>
    createCache({
      store: postgresStore({ database, project: 'smart_layer' }),
      storeTimeoutMs: 20_000,
      pollMs: 60_000,
      jitter: 0,
    })
  try {
    await using source = await openDatabase({ driver: 'postgres', url: from.url() })
    const poll = { p_project: 'smart_layer' }
    {
      await using cache = open(source)
      await cache.set('kept', 'before', { ttl: '1h' })
      await cache.set('void', 'before', { ttl: '1h', tags: ['t'] })
      await cache.invalidateTags('t')
    }
    const { cursor } = Object(await source.rpc('cache_poll', poll))
    const [roles, dump] = [join(folder, 'roles.sql'), join(folder, 'dump.sql')]
    execFileSync(join(bin, 'pg_dumpall'), ['--roles-only', '--no-role-passwords', '-d', from.url(), '-f', roles])
    execFileSync(join(bin, 'pg_dump'), ['--dbname', from.url(), '--file', dump])
    // The owner is there already, so that one statement of the roles fails.
    const restore = (file: string, isStrict: boolean) =>
      execFileSync(
        join(bin, 'psql'),
        ['--quiet', '--set', `ON_ERROR_STOP=${isStrict ? 1 : 0}`, '--dbname', to.url(), '--file', file],
        { stdio: 'ignore' },
      )
    restore(roles, false)
    restore(dump, true)
    await using target = await openDatabase({ driver: 'postgres', url: to.url() })
    await target.rpc('restore_finish', {})
    expect(await target.rpc('cache_poll', { ...poll, p_cursor: cursor })).toMatchObject({ reset: true, events: [] })
    await using cache = open(target)
    expect(await cache.get('kept')).toBe('before')
    expect(await cache.get('void')).toBeUndefined()
    await cache.set('kept', 'after')
    await using other = open(target)
    expect(await other.get('kept')).toBe('after')
  } finally {
    await from.stop()
    await to.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
