import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await openTestServer(undefined, undefined, { env: { CORE_STORAGE_PROVIDER: 'memory' } })
})
afterAll(() => server[Symbol.asyncDispose]())

const old = `clock_timestamp() - interval '2 years'`
const rows = 2_500
/** What is due in a table, more than one call of its function takes, and the loop that deletes it. */
const due: Readonly<Record<string, { readonly loop: string; readonly fill: string }>> = {
  lock: {
    loop: 'sweep locks',
    fill: `insert into core.lock (project, name, holder, ends_at) select 'smart_layer', n, 'h', ${old} from generate_series(1, ${rows}) n`,
  },
  claim: {
    loop: 'sweep claims',
    fill: `insert into core.claim (project, path, mode, key, session_project, session, ends_at)
      select 'smart_layer', n, 'shared', n, 'smart_layer', gen_random_uuid(), ${old} from generate_series(1, ${rows}) n`,
  },
  insight: {
    loop: 'sweep insights',
    fill: `insert into core.insight (project, key, category, title, body, evidence, expected_bp, confidence_bp, rank, active_at)
      select 'smart_layer', n, 'c', 't', 'b', '{}', 0, 0, 0, ${old} from generate_series(1, ${rows}) n`,
  },
  embedding_cache: {
    loop: 'sweep embeddings',
    fill: `insert into core.embedding_cache (project, model, revision, dims, hash, embedding, used_at)
      select 'smart_layer', 'm', '', 1, n, '[1]', ${old} from generate_series(1, ${rows}) n;
      insert into core.embedding_cache_size values ('smart_layer', ${rows})`,
  },
  file_upload: {
    loop: 'sweep files',
    fill: `insert into core.file_upload (project, key, name, store, size, content_type, status, expires_at, created_at)
      select 'smart_layer', n, 'n', 'memory', 1, 'text/plain', 'committed', ${old}, ${old} from generate_series(1, ${rows}) n`,
  },
  file_trash: {
    loop: 'sweep files',
    fill: `insert into core.file_trash (object, store, project, name, due_at)
      select gen_random_uuid(), 'memory', 'smart_layer', 'n' || n, ${old} from generate_series(1, ${rows}) n`,
  },
}

test.each(Object.entries(due))(
  'one run leaves nothing that is due in %s, however much it is',
  async (table, { loop, fill }) => {
    await server.test.sql(fill)
    await server.runLoop(loop)
    expect(await server.test.sql(`select count(*)::int as left from core.${table}`)).toEqual([{ left: 0 }])
  },
)
