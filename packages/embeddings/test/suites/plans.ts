import { runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import type { EmbeddingsUnderTest } from '../embeddings-under-test.ts'
import { planCases, preparePlanCases } from './plan-cases.ts'

/** Rows that a call may read without an index: a search counts up to so many before it asks the index. */
const rowsRead = 3_001

/**
 * What each function reads at the tenth call of a session, when Postgres has turned its statements into plans for any
 * arguments: by the counters of the transaction, which see statements inside functions too.
 */
export function describePlans(open: () => EmbeddingsUnderTest): void {
  test('the tenth call of every function in a session uses its indexes and reads no table whole', async () => {
    const { database } = open()
    const named = new Set(Object.keys(planCases).map((name) => name.split(' ')[0]))
    const there = await runSql(
      database,
      `select distinct proname as name from pg_proc where pronamespace = 'core_api'::regnamespace and proname like 'embedding%' order by 1`,
      [],
    )
    expect([...named].sort()).toEqual(there.map(({ name }) => name))

    const { bind, toIndex } = await preparePlanCases(open())
    await prepare()
    const faults: string[] = []
    for (const [name, { call, setup = '', uses = [], scans }] of Object.entries(planCases)) {
      await runSql(
        database,
        `do $do$ begin
           for i in 1..10 loop
             ${bind(setup)}${setup === '' || setup.endsWith(';') ? '' : ';'}
             if i = 10 then perform public.embedding_count(-1); end if;
             perform ${bind(call)};
           end loop;
           perform public.embedding_count(1);
         end $do$`,
      )
      const counted = await runSql(
        database,
        `select relation, sum(scans)::text as scans, sum(tuples)::text as tuples, kind from public.embedding_counted group by relation, kind`,
        [],
      )
      await runSql(database, 'truncate public.embedding_counted')
      const scanned = new Map(counted.map((one) => [one['relation'], Number(one['scans'])]))
      for (const index of uses.map(toIndex)) {
        if (!(scanned.get(index) ?? 0)) faults.push(`${name} does not use ${index}`)
      }
      for (const { relation, tuples, kind } of counted) {
        if (kind === 'r' && Number(tuples) > rowsRead && scans === undefined)
          faults.push(`${name} reads ${tuples} rows of ${relation}`)
      }
    }
    await runSql(database, 'drop table public.embedding_counted; drop function public.embedding_count')
    expect(faults).toEqual([])

    async function prepare() {
      await runSql(
        database,
        `create table public.embedding_counted (relation text, kind "char", scans bigint, tuples bigint);
         create function public.embedding_count(sign int) returns void language sql as $$
           insert into public.embedding_counted
           select relname, relkind, sign * pg_stat_get_xact_numscans(oid), sign * pg_stat_get_xact_tuples_returned(oid)
           from pg_class where relnamespace = 'core'::regnamespace and relname ~ '^(embedding|share)' and relkind in ('r', 'i')
         $$`,
      )
    }
  })
}
