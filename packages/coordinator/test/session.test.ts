import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { isCoreError } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Coordinator, createCoordinator, type ManifestEntry } from '../src/index.ts'

let on: TestDatabase
let coordinator: Coordinator
let prints = 0

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 8 })
  for (const p_name of ['smart_layer', 'manus_origin']) await on.database.rpc('project_register', { p_name })
  coordinator = createCoordinator({ database: on.database, project: 'smart_layer' })
})
afterAll(() => on.drop())

const newFingerprint = () => (prints++).toString(16).padStart(64, 'f')

async function entryOf(project: string): Promise<ManifestEntry | undefined> {
  for await (const entry of coordinator.manifest()) if (entry.project === project) return entry
  return undefined
}

/** As if its beats had stopped long enough ago. */
const freeze = (id: string) =>
  on.sql(`update core.session set ends_at = clock_timestamp() - interval '1 second' where id = $1`, [id])

const until = async (condition: () => boolean) => {
  for (let tries = 0; tries < 400 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(condition()).toBe(true)
}

test('the same live process cannot be there twice, and can be again once it has left', async () => {
  const first = await coordinator.join({ kind: 'service' })
  const again = coordinator.join({ kind: 'service' })
  await expect(again).rejects.toMatchObject({ code: 'E_CONFLICT', details: { session: first.session.id } })
  await using other = await coordinator.join({ kind: 'worker' })
  expect(other.session.id).not.toBe(first.session.id)
  const { signal } = first.session
  await first[Symbol.asyncDispose]()
  expect(signal.aborted).toBe(true)
  await using second = await coordinator.join({ kind: 'service' })
  expect(second.session.fence).toBeGreaterThan(first.session.fence)
})

test('of sixteen openings of one process one wins, whatever their order', async () => {
  const fingerprint = newFingerprint()
  const tries = await Promise.allSettled(Array.from({ length: 16 }, () => coordinator.join({ fingerprint })))
  const won = tries.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  expect(won).toHaveLength(1)
  for (const result of tries) {
    if (result.status === 'rejected') expect(isCoreError(result.reason, 'E_CONFLICT')).toBe(true)
  }
  await won[0]?.[Symbol.asyncDispose]()
})

test('an opening whose answer was lost is answered again, with the same session', async () => {
  const args = { p_key: 'lost', p_fingerprint: newFingerprint(), p_project: 'smart_layer' }
  const first = await on.database.rpc('session_open', args)
  expect(await on.database.rpc('session_open', args)).toEqual({ ...Object(first), replayed: true })
})

test('a process that beats too late has lost its session and continues under a greater fence', async () => {
  await using me = await coordinator.join({ fingerprint: newFingerprint(), ttlSeconds: 3 })
  const before = me.session
  await freeze(before.id)
  await until(() => me.session.id !== before.id)
  expect(before.signal.aborted).toBe(true)
  expect(me.session.fence).toBeGreaterThan(before.fence)
  const late = on.database.rpc('session_beat', { p_session: before.id, p_project: 'smart_layer' })
  // It was replaced, so it is not there any more.
  await expect(late).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('a session that ended stays ended, however it is asked for', async () => {
  const p_fingerprint = newFingerprint()
  const opened = Object(await on.database.rpc('session_open', { p_key: 'k', p_fingerprint, p_project: 'smart_layer' }))
  const args = { p_session: String(opened.session), p_project: 'smart_layer' }
  await freeze(args.p_session)
  expect(await on.database.rpc('session_beat', args)).toMatchObject({ ok: false, code: 'session_ended' })
  expect(await on.database.rpc('session_close', args)).toMatchObject({ ok: true, closed: false })
  const next = Object(await on.database.rpc('session_open', { p_key: 'k', p_fingerprint, p_project: 'smart_layer' }))
  expect(next).toMatchObject({ ok: true, replayed: false })
  expect(next.fence).toBeGreaterThan(opened.fence)
})

test('the manifest shows the best session, sums and the worst p95', async () => {
  const theirs = createCoordinator({ database: on.database, project: 'manus_origin' })
  expect(await entryOf('manus_origin')).toMatchObject({ status: 'offline', sessions: 0, lastBeatAt: null })
  await using one = await theirs.join({ fingerprint: newFingerprint(), metrics: () => ({ requests: 5, p95Ms: 40 }) })
  await using two = await theirs.join({
    fingerprint: newFingerprint(),
    version: '2.0.0',
    metrics: () => ({ requests: 2, errors: 1, p95Ms: 70, backlog: 3 }),
  })
  await one.setStatus('maintenance')
  await two.setStatus('degraded')
  expect(await entryOf('manus_origin')).toMatchObject({
    status: 'degraded',
    version: '2.0.0',
    sessions: 2,
    figures: { requests: 7, errors: 1, p95Ms: 70, backlog: 3, hung: 0 },
  })
  await one.setStatus('online')
  expect(await entryOf('manus_origin')).toMatchObject({ status: 'online' })
  await on.sql(`update core.session set progress_at = progress_at - interval '2 minutes' where id = $1`, [
    one.session.id,
  ])
  expect(await entryOf('manus_origin')).toMatchObject({ status: 'degraded', figures: { hung: 1 } })
})

test('another project sees the status and not the figures', async () => {
  const claims = { role: 'core_member', project: 'manus_origin', caps: ['fleet:read'], sub: 'key:x' } as const
  const seen = createCoordinator({ database: on.database, claims }).manifest()
  for await (const { project, figures } of seen) expect(figures === null).toBe(project !== 'manus_origin')
})

test('a change of a derived status is one event, and a beat is none', async () => {
  const events = () =>
    on.sql(
      `select type, data ->> 'before' as before from core.event where topic = 'manifest' and data ->> 'project' = 'third' order by id`,
    )
  const sweep = () => on.database.rpc('manifest_sweep', {})
  await on.database.rpc('project_register', { p_name: 'third' })
  await sweep()
  expect(await events()).toEqual([])
  const third = createCoordinator({ database: on.database, project: 'third' })
  const me = await third.join({ fingerprint: newFingerprint() })
  await Promise.all(Array.from({ length: 4 }, sweep))
  await me.setStatus('online')
  await sweep()
  await freeze(me.session.id)
  await sweep()
  await sweep()
  expect(await events()).toEqual([
    { type: 'online', before: 'offline' },
    { type: 'offline', before: 'online' },
  ])
  await me[Symbol.asyncDispose]()
})

test('a project has 10,000 sessions at most, and those that ended make room', async () => {
  await on.database.rpc('project_register', { p_name: 'crowd' })
  await on.sql(`insert into core.session (project, key, fingerprint, kind, status, ttl_s, ends_at)
    select 'crowd', 'k', lpad(to_hex(n), 64, '0'), 'worker', 'online', 45, clock_timestamp() + interval '1 hour' from generate_series(1, 10000) n`)
  const crowd = createCoordinator({ database: on.database, project: 'crowd' })
  const fingerprint = newFingerprint()
  await expect(crowd.join({ fingerprint })).rejects.toMatchObject({ code: 'E_CONFLICT', details: { limit: 10_000 } })
  await on.sql(`update core.session set ends_at = clock_timestamp() where fingerprint = lpad('7', 64, '0')`)
  await using _ = await crowd.join({ fingerprint })
})

test('sessions that ended an hour ago are forgotten', async () => {
  await on.sql(`update core.session set ends_at = clock_timestamp() - interval '61 minutes' where project = 'crowd'`)
  for (let swept = 1; swept > 0; ) swept = Object(await on.database.rpc('session_sweep', {})).swept
  expect(await on.sql(`select 1 from core.session where project = 'crowd'`)).toEqual([])
})

test.each<[string, Record<string, string | number>]>([
  ['fingerprint', { p_fingerprint: 'x' }],
  ['kind', { p_kind: 'A' }],
  ['name', { p_name: '' }],
  ['status', { p_status: 'offline' }],
  ['ttl_s', { p_ttl_s: 2 }],
  ['key', { p_key: '' }],
])('a bad %s is refused by name', async (field, wrong) => {
  const args = { p_key: 'k', p_fingerprint: newFingerprint(), p_project: 'smart_layer', ...wrong }
  await expect(on.database.rpc('session_open', args)).rejects.toMatchObject({ code: 'E_INVALID', details: { field } })
})

test('the function itself refuses a figure that cannot be stored, by its field', async () => {
  await using me = await coordinator.join({ fingerprint: newFingerprint() })
  const beat = on.sql(
    `select core_api.session_beat(p_session => $1::uuid, p_metrics => '{"errors": 1e300}', p_project => 'smart_layer')`,
    [me.session.id],
  )
  await expect(beat).rejects.toMatchObject({ detail: expect.stringMatching(/"unstorable".*"field": "metrics"/) })
})

test.each([
  ['metrics.requests', { requests: -1 }],
  ['metrics.p95_ms', { p95_ms: 'fast' }],
  ['p_metrics', { errors: 1e300 }], // no JSON number that arrives as it left, so it is not sent
])('a wrong %s is refused by its place', async (field, p_metrics) => {
  await using me = await coordinator.join({ fingerprint: newFingerprint() })
  const beat = on.database.rpc('session_beat', { p_session: me.session.id, p_metrics, p_project: 'smart_layer' })
  await expect(beat).rejects.toMatchObject({ code: 'E_INVALID', details: { field } })
})
