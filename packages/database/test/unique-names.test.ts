import { expect, test } from 'vitest'
import { createTestDatabase } from '../src/testing/index.ts'

/**
 * What is unique over all projects and chosen by a caller says to one project whether another has it. Each such key is
 * here with the reason why it says nothing.
 */
const acrossProjects: Readonly<Record<string, string>> = {
  api_key_hash_once: 'a taken hash is answered like a new one',
  ledger_account_code_key: 'the first segment of a code is the project, or the owner opened it',
  ledger_hold_pkey: 'the id of a hold',
  ledger_lease_pkey: 'drawn by the database',
  credit_rate_pkey: 'numbered by the database',
  price_card_pkey: 'numbered by the database',
  task_done_pkey: 'the id of a task, drawn by the database',
  task_slot_task_idx: 'the id of a task, drawn by the database',
  claim_once: 'a session is of one project',
  event_state_key: 'begins with the project',
  audit_pkey: 'numbered by the database',
  event_seq_key: 'numbered by the database',
  file_trash_pkey: 'an upload, whose id the database drew, and the name of its store',
  flag_version_key: 'numbered by the database',
  ledger_tx_pkey: 'numbered by the database',
  ledger_alert_once: 'of a budget, which is of one account',
  ledger_alert_hold_once: 'of a hold that is there',
}

test('what callers name is unique within their project', async () => {
  await using test = await createTestDatabase()
  const found = await test.sql(`
    select c.relname as name, array_agg(a.attname::text) as columns
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid and t.relnamespace = 'core'::regnamespace
    cross join lateral unnest(i.indkey) k (attnum)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indisunique
      and exists (select from pg_attribute p where p.attrelid = t.oid and p.attname in ('project', 'owner') and not p.attisdropped)
    group by c.relname, i.indexrelid
    having not array_agg(a.attname::text) && '{project,owner}'
      -- What the database numbers or draws itself is no caller's.
      and not bool_and(a.attidentity <> '' or exists (
        select from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum))
    order by 1`)
  expect(found.map(({ name }) => name).filter((name) => acrossProjects[String(name)] === undefined)).toEqual([])
})
