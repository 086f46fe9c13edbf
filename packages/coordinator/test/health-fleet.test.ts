import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCoordinator } from '../src/index.ts'

let on: TestDatabase

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 8 })
  for (const [p_name, p_capabilities] of [
    ['painter', ['paint', 'draw']],
    ['writer', ['write']],
    ['silent', ['write']],
  ] as const) {
    await on.database.rpc('project_register', { p_name, p_capabilities: [...p_capabilities] })
  }
  await on.database.rpc('ledger_account_open', { p_key: 'open', p_account: 'painter' })
  await on.database.rpc('ledger_grant', { p_key: 'grant', p_account: 'painter', p_amount: 10_000_000 })
})
afterAll(() => on.drop())

let prints = 0
const open = async (project: string, metrics: Readonly<Record<string, JsonInput>> = {}) => {
  const p_fingerprint = (prints++).toString(16).padStart(64, '0')
  const opened = await on.database.rpc('session_open', { p_key: p_fingerprint, p_fingerprint, p_project: project })
  const { session } = Object(opened)
  await on.database.rpc('session_beat', { p_session: session, p_metrics: metrics, p_project: project })
  return String(session)
}
const as = (project: string, name: string, args: Readonly<Record<string, JsonInput>> = {}) =>
  on.database.call(name, args, {
    claims: { role: 'core_member', project, caps: ['fleet:read', 'project:write'], sub: 'k' },
  })
const healthOf = async (project: string, reader?: string) => {
  const answer = reader === undefined ? await on.database.rpc('health_list', {}) : await as(reader, 'health_list')
  return Object(answer).projects.find((entry: { project: string }) => entry.project === project)
}
const sample = async () => {
  await on.sql(`update core.health_head set sampled_at = '-infinity'`)
  return on.database.rpc('health_sample', {})
}
const events = async () =>
  (await on.sql(`select data, type from core.event where topic = 'manifest.health' order by id`)).map(
    ({ data, type }) => [Object(data).project, Object(data).before, type],
  )

test('a project without processes has no score, one that runs has, and one whose beats ended has none left', async () => {
  expect(await healthOf('silent')).toMatchObject({ status: 'offline', score: null, worst: null, last_beat_at: null })
  const session = await open('writer', { requests: 100, errors: 5 })
  expect(await healthOf('writer')).toMatchObject({
    status: 'online',
    score: 64,
    worst: 'errors',
    figures: { errors: 5 },
  })
  await on.database.rpc('session_close', { p_session: session, p_project: 'writer' })
  expect(await healthOf('writer')).toMatchObject({ status: 'offline', score: 0, worst: 'freshness' })
})

test('credits left are the rest of the tightest budget, and tasks that wait are in the backlog', async () => {
  await open('painter', { requests: 10, errors: 0, backlog: 3 })
  expect(await healthOf('painter')).toMatchObject({ figures: { credits: 10_000_000, headroom: null, backlog: 3 } })
  const budget = { p_key: 'cap', p_account: 'painter', p_name: 'daily', p_period: 'day', p_limit: 4_000_000 }
  await on.database.rpc('ledger_budget_set', budget)
  await on.database.rpc('ledger_charge', { p_key: 'pay', p_account: 'painter', p_amount: 3_800_000 })
  const p_tasks = [{ key: 'one', kind: 'k' }]
  await on.database.rpc('task_enqueue', { p_queue: 'q', p_tasks, p_project: 'painter' })
  await on.sql(`update core.task_count set counted_at = '-infinity'`)
  await on.database.rpc('task_stats', { p_project: 'painter' })
  expect(await healthOf('painter')).toMatchObject({
    worst: 'credits',
    figures: { credits: 200_000, headroom: 0.05, backlog: 4, factors: { credits: 25 } },
  })
  await on.sql(`update core.ledger_account set status = 'frozen' where code = 'painter'`)
  expect(await healthOf('painter')).toMatchObject({ figures: { credits: 0, headroom: 0 } })
  await on.sql(`update core.ledger_account set status = 'active' where code = 'painter'`)
})

test('another project sees score and worst factor, and figures only where they are shared', async () => {
  expect(await healthOf('painter', 'writer')).toMatchObject({
    score: expect.any(Number),
    worst: 'credits',
    figures: null,
  })
  expect(await healthOf('painter', 'painter')).toMatchObject({ figures: { credits: 200_000 } })
  const share = { p_kind: 'health', p_name: 'figures', p_grantee: 'writer', p_project: 'painter' }
  await on.database.rpc('share_set', { ...share, p_rights: ['read'] })
  expect(await healthOf('painter', 'writer')).toMatchObject({ figures: { credits: 200_000 } })
  const entries = Object(await as('writer', 'manifest')).projects
  expect(entries.find(({ project }: { project: string }) => project === 'painter')).toMatchObject({
    figures: { backlog: 4 },
  })
  await on.database.rpc('share_remove', share)
  expect(await healthOf('painter', 'writer')).toMatchObject({ figures: null })
})

test('three control planes that sample at once take one sample, and a change of health is one event', async () => {
  await on.sql(`update core.health_head set sampled_at = '-infinity'`)
  const answers = await Promise.all([1, 2, 3].map(() => on.database.rpc('health_sample', {})))
  expect(answers.map((answer) => Object(answer).sampled).sort()).toEqual([0, 0, 2])
  const minutes = `select project, samples from core.health_sample where period = 'minute' order by project`
  expect(await on.sql(minutes)).toEqual([
    { project: 'painter', samples: 1 },
    { project: 'writer', samples: 1 },
  ])
  await open('writer')
  await sample()
  await sample()
  expect(await events()).toEqual([
    ['painter', 'unknown', 'good'],
    ['writer', 'unknown', 'poor'],
    ['writer', 'poor', 'good'],
  ])
  const [hour] = await on.sql(
    `select samples, least, most, total from core.health_sample where period = 'hour' and project = 'writer'`,
  )
  expect(hour).toMatchObject({ samples: 3, least: 0, most: 100, total: '200' })
  expect(await on.database.rpc('health_history', { p_project: 'writer', p_period: 'hour' })).toMatchObject({
    samples: [{ score: 67, least: 0, most: 100 }],
  })
  expect(await on.database.rpc('health_stats', {})).toMatchObject({ good: 2, unknown: 1, system: { projects: 2 } })
})

test('the score of the whole weighs projects by their criticality', async () => {
  const policy = (project: string, p_policy: Readonly<Record<string, JsonInput>>) =>
    as(project, 'health_policy_set', { p_policy })
  const only = { freshness: 0, errors: 10, latency: 0, credits: 0, backlog: 0 }
  await open('painter', { requests: 100, errors: 5 })
  await policy('painter', { weights: only, criticality: 'critical', max_error_rate: 0.05 })
  await policy('writer', { criticality: 'normal' })
  await sample()
  const scores = { painter: (await healthOf('painter')).score, writer: (await healthOf('writer')).score }
  const { system } = Object(await on.database.rpc('health_list', {}))
  expect(system.score).toBe(Math.floor((8 * scores.painter + 2 * scores.writer) / 10 + 0.5))
  await policy('painter', { criticality: 'none' })
  await sample()
  expect(Object(await on.database.rpc('health_list', {})).system).toMatchObject({ score: scores.writer, projects: 1 })
})

test.each<[string, Readonly<Record<string, JsonInput>>]>([
  ['policy', { weight: 1 }],
  ['policy.weights', { weights: { speed: 1 } }],
  ['policy.freshness', { weights: { freshness: 101 } }],
  ['policy.freshness', { weights: { freshness: null } }],
  ['policy.criticality', { criticality: 'vital' }],
  ['policy.max_error_rate', { max_error_rate: 0 }],
  ['policy.max_error_rate', { max_error_rate: '0.1' }],
  ['policy.target_p95_ms', { target_p95_ms: 0 }],
  ['policy.low_credits', { low_credits: -1 }],
])('a policy with a wrong %s is refused', async (field, p_policy) => {
  await expect(as('painter', 'health_policy_set', { p_policy })).rejects.toMatchObject({
    code: 'E_INVALID',
    details: { field },
  })
})

test('what a session reports cannot make the health of others unreadable', async () => {
  for (const p95_ms of [5e-324, 1e12, 0]) {
    for (const target_p95_ms of [5e-324, 0, 1e12])
      await open('silent', { requests: 1e12, errors: 1e12, p95_ms, target_p95_ms, backlog: 1e12 })
  }
  expect(await healthOf('silent')).toMatchObject({ score: expect.any(Number) })
})

test('samples are forgotten: minutes after hours, hours after a month', async () => {
  await on.sql(`update core.health_sample set at = at - interval '7 hours' where period = 'minute'`)
  await on.sql(`update core.health_sample set at = at - interval '31 days' where period = 'hour'`)
  const [before] = await on.sql('select count(*)::int as count from core.health_sample')
  expect(await sample()).toMatchObject({ forgotten: Object(before).count })
  const old = await on.sql(`select from core.health_sample where at < clock_timestamp() - interval '7 hours'`)
  expect(old).toEqual([])
})

test('work is placed where the capability is, on what runs, the best first', async () => {
  const coordinator = createCoordinator({ database: on.database })
  await as('painter', 'health_policy_set', { p_policy: {} })
  expect((await coordinator.place(['write'])).map(({ project }) => project)).toEqual(['writer', 'silent'])
  expect(await coordinator.place(['paint', 'write'])).toEqual([])
  const everywhere = await coordinator.place()
  expect(everywhere.map(({ fit }) => fit)).toEqual(everywhere.map(({ fit }) => fit).toSorted((a, b) => b - a))
  expect(everywhere.find(({ project }) => project === 'painter')?.reasons).toContain('its credits are low')
})
