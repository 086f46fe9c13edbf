import type { JsonInput } from '@core/database'
import { createTestDatabase } from '@core/database/testing'

export interface Figure {
  readonly what: string
  readonly ms: number
  readonly answer: unknown
}

const project = 'smart_layer'

/** Fills a namespace with so many entries and times what has to stay quick among them. */
export async function measureManyRows(rows: number): Promise<readonly Figure[]> {
  await using on = await createTestDatabase()
  await on.sql(
    `insert into core.cache_entry (project, namespace, key, value, tags, version, fresh_until, gone_at, size)
     select $1, 'n', 'key:' || i, decode(repeat('ab', 100), 'hex'), array['tag:' || i % 1000], nextval('core.cache_version'),
       now() + interval '1 hour', now() + case when i % 1000 = 0 then interval '-1 s' else interval '1 hour' end, 100
     from generate_series(1, $2::int) i`,
    [project, rows],
  )
  await on.sql('vacuum analyze core.cache_entry')
  const figures: Figure[] = []
  async function time(what: string, name: string, args: Record<string, JsonInput>): Promise<void> {
    const startedAt = performance.now()
    const answer = await on.database.call(name, args, { timeoutMs: 60_000 })
    figures.push({ what, ms: performance.now() - startedAt, answer })
  }
  const inNamespace = { p_namespace: 'n', p_project: project }
  const read = { ...inNamespace, p_keys: Array.from({ length: 100 }, (_, index) => `key:${index * 7 + 1}`) }
  const write = {
    ...inNamespace,
    p_entries: read.p_keys.map((key) => ({ key, value: 'AQ==', fresh_ms: 60_000, stale_ms: 60_000 })),
  }

  await time('the first sweep, which counts', 'cache_sweep', { p_limit: 1_000 })
  await on.sql("update core.cache_entry set gone_at = now() where key like 'key:77%'")
  await time('a sweep of gone entries', 'cache_sweep', { p_limit: 1_000 })
  await time('read 100', 'cache_get_many', read)
  await time('write 100', 'cache_put_many', write)
  await time('invalidate 10 tags', 'cache_invalidate_tags', {
    ...inNamespace,
    p_tags: Array.from({ length: 10 }, (_, index) => `tag:${index + 1}`),
  })
  await time('read 100 after it', 'cache_get_many', read)
  await time('a page of keys', 'cache_list', { ...inNamespace, p_limit: 1_000 })
  await time('stats', 'cache_stats', { p_project: project })
  await on.sql("update core.cache_epoch set at = at - interval '11 minutes'")
  await time('a sweep that looks for invalidated entries', 'cache_sweep', { p_limit: 1_000 })
  for (let sweeps = 0; sweeps <= rows / 5_000 + 20; sweeps++) {
    const { swept } = Object(await on.database.rpc('cache_sweep', { p_limit: 1_000 }))
    if (swept === 0 && (await on.sql('select from core.cache_epoch')).length === 0) break
  }
  const [left] = await on.sql(
    `select (select count(*) from core.cache_epoch)::int as epochs,
       count(*) filter (where e.tags && array['tag:1', 'tag:2', 'tag:3'] or gone_at <= now())::int as void from core.cache_entry e`,
  )
  figures.push({ what: 'left of what is void', ms: 0, answer: left })
  await time('clear', 'cache_clear', inNamespace)
  await time('read 100 after that', 'cache_get_many', read)
  await time('a page of keys after that', 'cache_list', { ...inNamespace, p_limit: 1_000 })
  return figures
}
