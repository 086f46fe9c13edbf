import type { Database, MemberClaims } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { gatherBeats } from '../src/nouns/session/gather-beats.ts'

let on: TestDatabase
const sessions = new Map<string, string>()
beforeAll(async () => {
  on = await createTestDatabase()
  for (const p_name of ['mine', 'theirs', 'old']) {
    await on.database.rpc('project_register', { p_name })
    for (const name of ['a', 'b']) {
      const p_fingerprint = Buffer.from(`${p_name} ${name}`).toString('hex').padEnd(64, '0')
      const opened = await on.database.rpc('session_open', { p_key: 'k', p_fingerprint, p_project: p_name })
      sessions.set(`${p_name} ${name}`, String(Object(opened).session))
    }
  }
  await on.database.rpc('project_archive', { p_name: 'old' })
})
afterAll(() => on.drop())

const idOf = (name: string) => sessions.get(name) ?? ''
const claimsOf = (project: string, caps = ['session:run']): MemberClaims => ({
  role: 'core_member',
  project,
  caps,
  sub: 'key:1',
})
const beatOf = (name: string, more: object = {}) => {
  const [project = ''] = name.split(' ')
  return { args: { p_session: idOf(name), p_project: project, ...more }, claims: claimsOf(project) }
}

/** What went to the database. */
let names: string[] = []
let calls: Pick<Database, 'call'>
beforeEach(async () => {
  names = []
  calls = gatherBeats({
    call(name, args, options) {
      names.push(name)
      return on.database.call(name, args, options)
    },
  })
  // The first goes at once and alone: those after it wait for each other.
  await calls.call('session_beat', beatOf('mine a').args, { claims: claimsOf('mine') })
  expect(names.splice(0)).toEqual(['session_beat'])
})

type Sent = { args: Record<string, string | object | number | null>; claims: MemberClaims }
const sendAll = (beats: readonly Sent[]) =>
  Promise.all(
    beats.map(({ args, claims }) =>
      calls.call('session_beat', JSON.parse(JSON.stringify(args)), { claims }).catch((error: unknown) => error),
    ),
  )

test('beats of many projects travel in one call, and each is answered and stored as one alone', async () => {
  const metrics = { requests: 7, errors: 1.9, p95_ms: 1.5, backlog: 3 }
  const beats = [beatOf('theirs a', { p_metrics: metrics, p_status: 'degraded' }), beatOf('mine b'), beatOf('mine a')]
  const answers = await sendAll(beats)
  expect(names).toEqual(['session_beats'])
  const rows = await on.sql(
    `select id, fence, ends_at > clock_timestamp() + interval '30 seconds' as is_kept from core.session`,
  )
  for (const [at, { args }] of beats.entries()) {
    const row = rows.find(({ id }) => id === args.p_session)
    expect(row).toMatchObject({ is_kept: true })
    expect(answers[at]).toEqual({
      ok: true,
      session: args.p_session,
      fence: Number(row?.['fence']),
      ends_at: expect.stringMatching(/Z|\+00/),
    })
  }
  const [row] = await on.sql(
    `select status, requests, errors, p95_ms, target_p95_ms, backlog from core.session where id = $1`,
    [idOf('theirs a')],
  )
  expect(row).toMatchObject({ status: 'degraded', p95_ms: 1.5, target_p95_ms: null })
  expect([row?.['requests'], row?.['errors'], row?.['backlog']].map(Number)).toEqual([7, 1, 3])
  const alone = await on.database.call('session_beat', beats[0]?.args ?? {}, { claims: claimsOf('theirs') })
  expect(Object.keys(Object(alone)).toSorted()).toEqual(Object.keys(Object(answers[0])).toSorted())
})

test('what would be refused alone is refused alike among others, and changes nothing', async () => {
  await on.sql(
    `update core.session set status = 'starting', ends_at = clock_timestamp() - interval '1 second' where id = $1`,
    [idOf('theirs b')],
  )
  const refused: Sent[] = [
    { args: beatOf('theirs a', { p_status: 'maintenance' }).args, claims: claimsOf('mine') },
    { args: { ...beatOf('theirs a').args, p_project: 'mine', p_status: 'maintenance' }, claims: claimsOf('mine') },
    { args: beatOf('mine b', { p_status: 'maintenance' }).args, claims: claimsOf('mine', ['session:read']) },
    { args: beatOf('mine b', { p_status: 'maintenance' }).args, claims: { ...claimsOf('mine'), root: true } },
    beatOf('theirs b', { p_status: 'maintenance' }),
    beatOf('old a', { p_status: 'maintenance' }),
    beatOf('mine b', { p_status: 'asleep' }),
    beatOf('mine b', { p_status: 'maintenance', p_metrics: { errors: -1 } }),
    beatOf('mine b', { p_status: 'maintenance', p_idle_ms: -1 }),
    { args: { p_session: idOf('mine b').replace(/^./, 'f'), p_project: 'mine' }, claims: claimsOf('mine') },
  ]
  const answers = await sendAll([...refused, beatOf('mine a'), beatOf('theirs a', { p_status: 'online' })])
  expect(names.filter((name) => name === 'session_beats')).toHaveLength(1)
  const plain = (answer: unknown) => (answer instanceof Error ? { ...answer, message: answer.message } : answer)
  for (const [at, { args, claims }] of refused.entries()) {
    const alone = await on.database
      .call('session_beat', JSON.parse(JSON.stringify(args)), { claims })
      .catch((error: unknown) => error)
    expect(plain(alone)).not.toMatchObject({ ok: true })
    expect(plain(answers[at])).toEqual(plain(alone))
  }
  expect(answers.slice(-2)).toEqual([expect.objectContaining({ ok: true }), expect.objectContaining({ ok: true })])
  expect(await on.sql(`select 1 from core.session where status = 'maintenance'`)).toEqual([])
})

test('a session that is named twice has both beats, the last one last', async () => {
  const statuses = ['degraded', 'maintenance', 'starting', 'online']
  const beats = statuses.flatMap((p_status) => [beatOf('mine a', { p_status }), beatOf('mine b', { p_status })])
  const answers = await sendAll(beats)
  expect(names).toEqual(['session_beats', ...Array(6).fill('session_beat')])
  expect(answers).toEqual(beats.map(() => expect.objectContaining({ ok: true })))
  expect(await on.sql(`select status from core.session where id = $1`, [idOf('mine a')])).toEqual([
    { status: 'online' },
  ])
})

test('where the call for many fails, each beat goes alone', async () => {
  const failing = gatherBeats({
    call: (name, args, options) =>
      name === 'session_beats' ? Promise.reject(new Error('no')) : on.database.call(name, args, options),
  })
  const { args, claims } = beatOf('mine a')
  const answers = await Promise.all(Array.from({ length: 3 }, () => failing.call('session_beat', args, { claims })))
  expect(answers).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ ok: true })))
})
