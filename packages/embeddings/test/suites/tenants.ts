import { runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import { eq } from '../../src/index.ts'
import type { EmbeddingsUnderTest } from '../embeddings-under-test.ts'

/** What a search of one tenant tells about another one: nothing. */
export function describeTenants(open: () => EmbeddingsUnderTest): void {
  test('the number of items that is kept for each tenant stays true', async () => {
    const project = await open().project()
    const space = (await open().embeddings({ project })).space('counted')
    const pages = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({ id: `${from + n}.md`, text: `Page ${from + n}.` }))
    const expectTrue = async () => {
      const [row] = await runSql(
        open().database,
        `select (select jsonb_object_agg(t.tenant, t.items) from core.embedding_tenant t where t.space = s.id)::text as kept,
           (select jsonb_object_agg(c.tenant, c.count) from (select tenant, count(*) from core.embedding_item i where i.space = s.id group by 1) c)::text as counted
         from core.embedding_space s where s.project = $1`,
        [project],
      )
      expect(row?.['kept']).toBe(row?.['counted'])
    }
    await space.upsert(pages(0, 7), { tenant: 'a' })
    await space.upsert(pages(0, 3))
    await expectTrue()
    await space.upsert(pages(5, 7), { tenant: 'a', cleanup: 'by-source' })
    await expectTrue()
    await space.delete(['0.md', '1.md', '9.md'])
    await expectTrue()
    await space.delete(['2.md'])
    await expectTrue()
  })

  test('a delete reads the count of its own tenant alone, however many there are', async () => {
    const project = await open().project()
    const space = (await open().embeddings({ project })).space('crowded')
    await space.upsert([{ id: 'a.md', text: 'A page.' }])
    await runSql(
      open().database,
      `insert into core.embedding_tenant (space, tenant, items) select s.id, 'other' || n, 1
       from core.embedding_space s, generate_series(1, 2000) n where s.project = $1`,
      [project],
    )
    const read = `(select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
      where schemaname = 'core' and relname = 'embedding_tenant')`
    await runSql(
      open().database,
      `do $$
      declare
        v_before bigint := ${read};
        v_read bigint;
      begin
        perform core_api.embedding_delete('crowded', array['a.md'], p_project => '${project}');
        v_read := ${read} - v_before;
        if v_read > 10 then raise exception 'read the counts of % tenants', v_read; end if;
      end $$`,
      [],
    )
  })

  test('answers of a tenant are the same to the last digit, whatever other tenants write', async () => {
    const space = (await open().embeddings()).space('docs')
    const write = (tenant: string, count: number) =>
      space.upsert(
        Array.from({ length: count }, (_, n) => ({
          id: `${n}.md`,
          text: `Page ${n} of offline leases and credits, number${n % 7}.`,
          metadata: { n, tenant },
        })),
        { tenant },
      )
    const ask = async () => {
      const answers: unknown[] = []
      for (const mode of ['vector', 'text', 'hybrid'] as const) {
        for (const filter of [undefined, eq('n', 3), eq('tenant', 'other')]) {
          answers.push(await space.search('offline credits number3', { mode, filter, tenant: 'mine', k: 100 }))
        }
      }
      return [...answers, await Array.fromAsync(space.documents({ tenant: 'mine' }))]
    }
    await write('mine', 20)
    const before = await ask()
    await write('other', 300)
    await write('', 30)
    expect(await ask()).toEqual(before)
    expect(JSON.stringify(before)).not.toContain('"tenant":"other"')
    expect(await space.delete(['3.md'], { tenant: 'other' })).toBe(1)
    expect(await ask()).toEqual(before)
  })
}
