import { callable, coordinatorPoll, coordinatorReady } from '@core/api/functions'
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

test.each([
  ['nothing', {}, 'messages'],
  ['a beat without a session', { beat: {} }, 'session'],
  ['a member that is unknown', { messages: { most: 5 } }, 'messages'],
  ['a list', { tasks: [] }, 'tasks'],
  ['half a message', { messages: { limit: 1.5 } }, 'messages'],
])('%s is refused', async (_, parts, field) => {
  const poll = callable(on.database, coordinatorPoll)
  await expect(poll({ ...parts, project })).rejects.toMatchObject({ code: 'E_INVALID', details: { field } })
})
