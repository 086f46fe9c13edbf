import { runSql } from '@core/database/testing'
import type { EmbeddingsUnderTest } from '../embeddings-under-test.ts'
import { openIndexed } from './row-guarantee.ts'

export interface PlanCase {
  /** The call, as SQL; `p_space` is the space with an index. */
  readonly call: string
  /** Run before each of the ten. */
  readonly setup?: string
  /** Indexes that the tenth call must scan; % is the generation. */
  readonly uses?: readonly string[]
  /** Why a table may be read whole. */
  readonly scans?: string
}

const vector = `'[${Array.from({ length: 16 }, (_, d) => Math.sin(2 * d * d) + 0.01).join(',')}]'`
const search = (rest: string) => `core_api.embedding_search(p_space => 'big', p_project => '$project', ${rest})`
const items = `'[{"document": "4", "ordinal": 0, "content": "Spend offline."}, {"document": "5", "ordinal": 0, "content": "x"}]'`
const hash = "encode(sha256(i::text::bytea), 'hex')"
const model = `p_provider => 'test', p_model => 'other', p_dims => 4`
const inBig = `p_space => 'big', p_project => '$project'`

/** A call of every function, in a space with an index. */
export const planCases: Readonly<Record<string, PlanCase>> = {
  'embedding_search by vector': {
    call: search(`p_vector => ${vector}, p_mode => 'vector'`),
    uses: ['embedding_vector_%_hnsw'],
  },
  'embedding_search by vector with a filter': {
    call: search(`p_vector => ${vector}, p_mode => 'vector', p_filter => '{"op": "eq", "key": "half", "value": 0}'`),
    uses: ['embedding_vector_%_hnsw', 'embedding_item_pkey'],
    scans: 'what matches a filter is counted, up to 3,001, where fewer than 10,000 are expected',
  },
  'embedding_search of a tenant': {
    call: search(`p_vector => ${vector}, p_mode => 'vector', p_tenant => '$large'`),
    uses: ['embedding_vector_%_hnsw'],
  },
  'embedding_search of a small tenant': {
    call: search(`p_vector => ${vector}, p_mode => 'vector', p_tenant => 'small'`),
    uses: ['embedding_vector_%_tenant_idx'],
  },
  'embedding_search by text': {
    call: search(`p_text => 'word7', p_mode => 'text', p_tenant => '$large'`),
    uses: ['embedding_item_words_idx'],
  },
  'embedding_search hybrid': {
    call: search(`p_vector => ${vector}, p_text => 'word7', p_tenant => '$large'`),
    uses: ['embedding_vector_%_hnsw', 'embedding_item_words_idx'],
  },
  embedding_changed: {
    call: `core_api.embedding_changed(${inBig}, p_items => '[{"document": "4", "ordinal": 0, "hash": "x"}]', p_source => 's')`,
    uses: ['embedding_item_key'],
  },
  embedding_upsert: {
    call: `core_api.embedding_upsert(${inBig}, p_items => ${items}, p_vectors => array[${vector}, ${vector}], p_source => 's', p_whole => '{4,5}')`,
    uses: ['embedding_item_key', 'embedding_vector_%_pkey'],
  },
  embedding_documents: {
    call: `core_api.embedding_documents(${inBig}, p_source => 's', p_after => '5', p_limit => 10)`,
    uses: ['embedding_item_key'],
  },
  embedding_delete: {
    call: `core_api.embedding_delete(${inBig}, p_documents => array[(6000 + i)::text], p_source => 's')`,
    uses: ['embedding_item_key'],
  },
  embedding_queue_claim: {
    call: `core_api.embedding_queue_claim(${inBig}, p_limit => 5)`,
    uses: ['embedding_queue_due_idx'],
  },
  embedding_queue_settle: {
    call: `core_api.embedding_queue_settle(${inBig}, p_generation => $generation, p_hashes => array[${hash.replace('i::text', "'7'")}],
      p_items => array[(select id from core.embedding_item where document = '7' and tenant = 'large' and space = $space)], p_vectors => array[${vector}])`,
    uses: ['embedding_item_pkey', 'embedding_vector_%_pkey'],
  },
  embedding_cache_get_many: {
    call: `core_api.embedding_cache_get_many('m', 2, array[${hash}, repeat('0', 64)], p_project => '$project')`,
    uses: ['embedding_cache_pkey'],
  },
  'embedding_cache_get_many with those of others': {
    call: `core_api.embedding_cache_get_many('m', 2, array[repeat('0', 64), repeat('1', 64)], p_project => '$project', p_shared => true)`,
    uses: ['embedding_cache_pkey', 'share_by_name'],
  },
  embedding_cache_put_many: {
    call: `core_api.embedding_cache_put_many('m', 2, array[repeat(i::text, 64)], '{"[1,2]"}', p_project => '$project')`.replace(
      'repeat(i::text, 64)',
      'left(repeat(i::text, 64), 64)',
    ),
    uses: ['embedding_cache_pkey'],
  },
  embedding_sweep: { call: 'core_api.embedding_sweep(p_limit => 5)', uses: ['embedding_cache_age_idx'] },
  embedding_stats: { call: `core_api.embedding_stats(${inBig})`, scans: 'it counts what waits, up to 100,000' },
  embedding_space_open: {
    call: `core_api.embedding_space_open('big', 'test', 'indexed', 16, p_project => '$project')`,
  },
  embedding_space_list: { call: `core_api.embedding_space_list('$project')` },
  embedding_migrate_begin: {
    setup: `perform core_api.embedding_migrate_cancel(${inBig});`,
    call: `core_api.embedding_migrate_begin(${inBig}, ${model})`,
  },
  embedding_migrate_cancel: {
    setup: `perform core_api.embedding_migrate_begin(${inBig}, ${model});`,
    call: `core_api.embedding_migrate_cancel(${inBig})`,
  },
  embedding_migrate_swap: { call: `core_api.embedding_migrate_swap(${inBig})` },
  embedding_recall: {
    call: `core_api.embedding_recall(${inBig}, p_sample => 1)`,
    scans: 'a sample of a tenant is drawn from all of its vectors, and compared with all of them',
  },
  embedding_due: { call: `core_api.embedding_due('test')` },
  embedding_index_due: { call: `core_api.embedding_index_due()` },
  embedding_index_set: { call: `core_api.embedding_index_set($generation, 'ready', '$type')` },
  embedding_totals: {
    call: 'core_api.embedding_totals()',
    scans: 'it counts what waits, up to 100,000',
  },
  embedding_enable: { call: 'core_api.embedding_enable()' },
  embedding_space_drop: {
    setup: `perform core_api.embedding_space_open('decoy', 'test', 'indexed', 16, p_project => '$project');`,
    call: `core_api.embedding_space_drop('decoy', '$project')`,
    uses: ['embedding_item_key'],
  },
}

/** Rows that a search of a few of them must not read whole; what binds the cases to the space of `openIndexed`. */
export async function preparePlanCases(under: EmbeddingsUnderTest) {
  const { database } = under
  const { project, generation, large } = await openIndexed(under)
  const [row] = await runSql(
    database,
    `select space, index_type from core.embedding_generation where id = ${generation}`,
    [],
  )
  await runSql(
    database,
    `insert into core.embedding_cache (project, model, revision, dims, hash, embedding, used_at)
     select p, 'm', '', 2, encode(sha256(n::text::bytea), 'hex'), '[1,2]', clock_timestamp() - n * interval '1 minute'
     from unnest(array['${project}', 'elsewhere']) p cross join generate_series(1, 5000) n on conflict do nothing;
     insert into core.share (owner, kind, name, grantee, rights)
     select p.name, 'vectors', k.name, '*', '{read}' from (select * from core.project limit 4) p cross join (select 'm' union select n::text from generate_series(1, 2000) n) k (name) on conflict do nothing;
     insert into core.embedding_cache_size (project, vectors) values ('${project}', 5000), ('elsewhere', 5000) on conflict (project) do update set vectors = 5000;
     insert into core.embedding_queue (generation, item) select ${generation}, id from core.embedding_item where space = ${row?.['space']} and tenant = 'large'
     on conflict do nothing;
     analyze core.embedding_cache; analyze core.embedding_queue; analyze core.share`,
  )
  const bind = (sql: string) =>
    sql
      .replaceAll('$project', project)
      .replaceAll('$large', large)
      .replaceAll('$generation', `${generation}`)
      .replaceAll('$space', `${row?.['space']}`)
      .replaceAll('$type', `${row?.['index_type']}`)
  return { bind, toIndex: (name: string) => name.replace('%', `${generation}`) }
}
