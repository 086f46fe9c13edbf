import { createHash } from 'node:crypto'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCoordinator } from '../src/index.ts'

let on: TestDatabase
let names = 0

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 8 })
  for (const p_name of ['smart_layer', 'manus_origin']) await on.database.rpc('project_register', { p_name })
})
afterAll(() => on.drop())

const newRoot = () => `root ${names++}`
const call = async (name: string, args: Record<string, string | number>): Promise<Record<string, unknown>> =>
  Object(await on.database.call(name, { p_project: 'smart_layer', ...args }))

async function openSession(project = 'smart_layer'): Promise<string> {
  const p_key = `session ${names++}`
  const p_fingerprint = createHash('sha256').update(p_key).digest('hex')
  return String((await call('session_open', { p_key, p_fingerprint, p_project: project }))['session'])
}
const take = (p_session: string, p_resource: string, more: Record<string, string | number> = {}) =>
  call('claim_take', { p_key: `claim ${names++}`, p_session, p_resource, ...more })

test('of sixteen sessions that take overlapping paths at once, no two have paths that overlap', async () => {
  const sessions = await Promise.all(Array.from({ length: 16 }, () => openSession()))
  for (let round = 0; round < 5; round += 1) {
    const root = newRoot()
    const paths = [root, `${root}/a`, `${root}/a/b`, `${root}/c/**`]
    const answers = await Promise.all(sessions.map((session, i) => take(session, String(paths[i % paths.length]))))
    const held = answers.filter(({ ok }) => ok === true).map(({ resource }) => `${resource}/`)
    expect(held.length).toBeGreaterThan(0)
    for (const [i, one] of held.entries())
      for (const other of held.slice(i + 1)) expect(one.startsWith(other) || other.startsWith(one)).toBe(false)
    for (const answer of answers.filter(({ ok }) => ok === false))
      expect(answer).toMatchObject({ code: 'claim_held', holder: 'smart_layer' })
  }
})

test('a path excludes what lies in it and what holds it, not what merely begins alike', async () => {
  const [one, other, root] = [await openSession(), await openSession(), newRoot()]
  expect(await take(one, `${root}/docs/**`)).toMatchObject({ ok: true, resource: `${root}/docs` })
  for (const path of [root, `${root}/docs`, `${root}/docs/a/b`])
    expect(await take(other, path)).toMatchObject({ code: 'claim_held', session: one, resource: `${root}/docs` })
  for (const path of [`${root}/docs2`, `${root}/doc`, `${root}/docs.txt`, `${root}/docs-old/a`])
    expect(await take(other, path)).toMatchObject({ ok: true })
})

test('shared claims overlap each other and no exclusive one', async () => {
  const [one, other, root] = [await openSession(), await openSession(), newRoot()]
  const shared = { p_mode: 'shared' }
  expect(await take(one, root, shared)).toMatchObject({ ok: true })
  expect(await take(other, `${root}/a`, shared)).toMatchObject({ ok: true })
  expect(await take(other, `${root}/a/b`)).toMatchObject({ code: 'claim_held', mode: 'shared' })
})

test('an answer that was lost is answered again; two tasks of one session exclude each other', async () => {
  const [session, root] = [await openSession(), newRoot()]
  const args = { p_key: `claim ${names++}`, p_session: session, p_resource: root }
  const first = await call('claim_take', args)
  expect(await call('claim_take', args)).toMatchObject({ ok: true, replayed: true, fence: first['fence'] })
  expect(await take(session, root)).toMatchObject({ code: 'claim_held', session })
})

test('a claim ends with its time or its session, and its holder cannot have it back', async () => {
  for (const end of [
    (session: string) => on.sql('update core.claim set ends_at = clock_timestamp() where session = $1', [session]),
    (p_session: string) => call('session_close', { p_session }),
  ]) {
    const [session, next, root] = [await openSession(), await openSession(), newRoot()]
    const dead = await take(session, root)
    const late = { p_resource: root, p_fence: Number(dead['fence']) }
    expect(await call('claim_renew', late)).toMatchObject({ ok: true })
    await end(session)
    expect(await call('claim_renew', late)).toMatchObject({ code: 'claim_lost' })
    const held = await take(next, root)
    expect(Number(held['fence'])).toBeGreaterThan(Number(dead['fence']))
    expect(await call('claim_renew', { ...late, p_ttl_s: 3_600 })).toMatchObject({ code: 'claim_lost' })
    expect(await call('claim_release', late)).toMatchObject({ released: false })
    expect(await call('claim_release', { ...late, p_fence: Number(held['fence']) })).toMatchObject({ released: true })
  }
})

test('the session of another project takes nothing', async () => {
  const foreign = await openSession('manus_origin')
  expect(await take(foreign, newRoot())).toMatchObject({ code: 'session_ended' })
})

test('a project holds 10,000 at most, and those of sessions that have ended make room', async () => {
  await on.database.rpc('project_register', { p_name: 'full' })
  const [live, dead] = [await openSession('full'), await openSession('full')]
  await on.sql(
    `insert into core.claim (project, path, mode, key, session_project, session, ends_at)
     select 'full', 'n' || n, 'exclusive', 'n' || n, 'full', $1::uuid, clock_timestamp() + interval '1 hour' from generate_series(1, 10000) n`,
    [live],
  )
  const full = { p_project: 'full' }
  expect(await take(live, 'one more', full)).toMatchObject({ code: 'bound_reached', limit: 10_000 })
  await on.sql(`update core.claim set session = $1::uuid where project = 'full'`, [dead])
  await call('session_close', { p_session: dead, ...full })
  expect(await take(live, 'one more', full)).toMatchObject({ ok: true })
})

test('a member keeps its claim until it is disposed; who wants it meanwhile learns who has it', async () => {
  const coordinator = createCoordinator({ database: on.database, project: 'smart_layer' })
  await using me = await coordinator.join({ kind: `claimer-${names++}` })
  await using other = await coordinator.join({ kind: `claimer-${names++}` })
  const root = newRoot()
  {
    await using held = await me.claim(`${root}/**`, { ttlSeconds: 1 })
    expect(held.resource).toBe(root)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(held.signal.aborted).toBe(false)
    await expect(other.claim(`${root}/a`)).rejects.toMatchObject({
      code: 'E_CONFLICT',
      details: { reason: 'claim_held', holder: 'smart_layer', session: me.session.id },
    })
  }
  await using next = await other.claim(`${root}/a`)
  expect(next.fence).toBeGreaterThan(0)
})

test('a claim is lost with its session', async () => {
  const coordinator = createCoordinator({ database: on.database, project: 'smart_layer' })
  const me = await coordinator.join({ kind: `claimer-${names++}` })
  const held = await me.claim(newRoot())
  await me[Symbol.asyncDispose]()
  expect(held.signal.aborted).toBe(true)
  await held[Symbol.asyncDispose]()
})

test('a claim in a path of another project needs a share of its first segment', async () => {
  const claims = {
    role: 'core_member',
    project: 'manus_origin',
    caps: ['claim:take', 'session:run'],
    sub: 'key:x',
  } as const
  await using me = await createCoordinator({ database: on.database, claims }).join({ kind: `claimer-${names++}` })
  const root = newRoot()
  const theirs = { owner: 'smart_layer' }
  await expect(me.claim(`${root}/a`, theirs)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  // Refused before the path is looked at.
  await expect(me.claim(`${root}//a`, theirs)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  await on.sql(
    `insert into core.share (owner, kind, name, grantee, rights) values ('smart_layer', 'claim', $1, 'manus_origin', '{work}')`,
    [root],
  )
  await using held = await me.claim(`${root}/a`, theirs)
  await expect(me.claim(newRoot(), theirs)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
  expect(await take(await openSession(), root)).toMatchObject({ code: 'claim_held', holder: 'manus_origin' })
  expect(held.signal.aborted).toBe(false)
})

test('taking, renewing and releasing read the claims on their paths, not the 20,000 of others', async () => {
  const session = await openSession()
  const root = newRoot()
  // Analysed while there are none, and planned; not analysed again: as on a server that has not come to it yet.
  await on.sql('delete from core.claim')
  await on.sql('analyze core.claim')
  for (const at of Array(6).keys()) expect(await take(session, `${root}/planned/${at}`)).toMatchObject({ ok: true })
  await on.sql(
    `insert into core.claim (project, path, mode, key, session_project, session, ends_at)
     select 'other' || n % 20, 'repo ' || n, 'exclusive', 'k' || n, 'other' || n % 20, core.new_id(), clock_timestamp() + interval '1 hour'
     from generate_series(1, 20000) n`,
  )
  const read = `(select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables
    where schemaname = 'core' and relname = 'claim')`
  await on.sql(`do $$
    declare
      v_before bigint := ${read};
      v_claim jsonb;
      v_read bigint;
    begin
      for at in 1 .. 10 loop
        v_claim := core_api.claim_take('grown ' || at, '${session}', '${root}/' || at || '/a', p_project => 'smart_layer');
        perform core_api.claim_renew('${root}/' || at || '/a', (v_claim ->> 'fence')::bigint, p_project => 'smart_layer');
        perform core_api.claim_release('${root}/' || at || '/a', (v_claim ->> 'fence')::bigint, p_project => 'smart_layer');
      end loop;
      perform core_api.claim_sweep();
      v_read := ${read} - v_before;
      if v_read > 5000 then raise exception 'read % claims', v_read; end if;
    end $$`)
  await on.sql(`delete from core.claim where project like 'other%'`)
})
