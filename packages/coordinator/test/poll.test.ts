import { callable, coordinatorPoll, coordinatorReady, coordinatorWaiting } from '@core/api/functions'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCoordinator } from '../src/index.ts'

let on: TestDatabase
beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 4 })
  for (const p_name of ['baker', 'miller']) await on.database.rpc('project_register', { p_name })
})
afterAll(() => on.drop())

const project = 'baker'
const fingerprint = '7'.repeat(64)

test('one call beats, receives and claims; a session that has ended takes nothing', async () => {
  const { database } = on
  const [baker, miller] = [createCoordinator({ database, project }), createCoordinator({ database, project: 'miller' })]
  const poll = callable(database, coordinatorPoll)
  const ready = callable(database, coordinatorReady)
  const at = { inboxes: [project, 'miller'], projects: [project, project], queues: ['bake', 'none'] }
  expect(await ready(at)).toMatchObject({ inboxes: [], queues: [] })
  await miller.messages.send(project, 'flour', 1)
  await baker.tasks.enqueue('bake', { kind: 'bread' })
  expect(await ready(at)).toMatchObject({ inboxes: [project], queues: [{ project, queue: 'bake' }] })
  const waiting = callable(database, coordinatorWaiting)
  const asked = { inbox: true, queues: ['none', 'bake', 'bake'] }
  expect(await waiting({ ...asked, project })).toEqual({ ok: true, inbox: true, queues: ['bake', 'bake'] })
  expect(await waiting({ ...asked, project: 'miller' })).toEqual({ ok: true, inbox: false, queues: [] })
  await expect(waiting({ project })).rejects.toMatchObject({ code: 'E_INVALID', details: { field: 'queues' } })

  const { session } = Object(
    await database.rpc('session_open', { p_key: 'k', p_fingerprint: fingerprint, p_project: project }),
  )
  const parts = { beat: { status: 'degraded' }, messages: { limit: 5 }, tasks: { queues: ['bake'], worker: 'w' } }
  const answer = await poll({ session, ...parts, project })
  expect(answer).toMatchObject({
    ok: true,
    ends_at: expect.any(String),
    messages: [{ type: 'flour', attempt: 1 }],
    tasks: [{ kind: 'bread', attempt: 1 }],
  })
  expect(await poll({ session, ...parts, project })).toMatchObject({ messages: [], tasks: [] })

  await miller.messages.send(project, 'flour', 2)
  await database.rpc('session_close', { p_session: session, p_project: project })
  expect(await poll({ session, ...parts, project })).toMatchObject({ ok: false, code: 'session_ended' })
  expect(await poll({ messages: {}, project })).toMatchObject({ ends_at: null, messages: [{ payload: 2 }] })
})

test('what is reported in a poll is done before it claims, and a session that has ended reports nothing', async () => {
  const { tasks, poll } = createCoordinator({ database: on.database, project })
  await tasks.setGroup('mill', 'stone', 1)
  for (const key of ['first', 'second', 'third']) await tasks.enqueue('mill', { kind: 'grind', key, group: 'stone' })
  const input = { queues: ['mill'], worker: 'w' }
  const [first] = await tasks.claim(input)
  if (first === undefined) throw new Error('nothing to claim')
  const report = { task: first.id, fence: first.fence, outcome: 'done', result: { sacks: 3 } } as const
  const next = await tasks.next([report], input)
  expect(next).toMatchObject({
    outcomes: [{ task: first.id, status: 'done' }],
    claimed: [{ kind: 'grind', attempt: 1 }],
  })
  expect(await tasks.get(first.id)).toMatchObject({ status: 'done', result: { sacks: 3 } })
  // The same again, as after an answer that was lost: the report is answered alike, and the group is at its limit.
  expect(await tasks.next([report], input)).toEqual({ outcomes: [{ task: first.id, status: 'done' }], claimed: [] })

  const [second] = next.claimed
  if (second === undefined) throw new Error('nothing was claimed')
  const last = { task: second.id, fence: second.fence, outcome: 'failed', error: 'no wind', delayMs: 60_000 } as const
  const opened = await on.database.rpc('session_open', {
    p_key: 'p',
    p_fingerprint: '8'.repeat(64),
    p_project: project,
  })
  const { session } = Object(opened)
  await on.database.rpc('session_close', { p_session: session, p_project: project })
  await expect(poll({ session, tasks: { ...input, reports: [last] } })).rejects.toMatchObject({
    code: 'E_CONFLICT',
    details: { reason: 'session_ended', session },
  })
  expect(await tasks.get(second.id)).toMatchObject({ status: 'running' })
  await createCoordinator({ database: on.database, project: 'miller' }).messages.send(project, 'wind', 4)
  const all = await poll({ messages: { limit: 5, visibleSeconds: 60 }, tasks: { ...input, reports: [last] } })
  expect(all).toMatchObject({
    messages: [{ type: 'wind', payload: 4, from: 'miller' }],
    outcomes: [{ status: 'scheduled' }],
    tasks: [{ kind: 'grind' }],
  })
  expect(await all.messages[0]?.ack()).toBe(true)
})

test.each([
  ['nothing', {}, 'messages'],
  ['a beat without a session', { beat: {} }, 'session'],
  ['a member that is unknown', { messages: { most: 5 } }, 'messages'],
  ['a list', { tasks: [] }, 'tasks'],
  ['reports that are none', { tasks: { queues: ['q'], worker: 'w', reports: [{}] } }, 'items[0]'],
  ['half a message', { messages: { limit: 1.5 } }, 'messages'],
])('%s is refused', async (_, parts, field) => {
  const poll = callable(on.database, coordinatorPoll)
  await expect(poll({ ...parts, project })).rejects.toMatchObject({ code: 'E_INVALID', details: { field } })
})
