import type { Core } from '../core.ts'
import { collect } from './call-values.ts'
import type { Recorder } from './recorder.ts'

/** Messages, tasks, sessions, locks, claims, insights, health and the manifest. */
export async function callCoordination(core: Core, other: string, recorder: Recorder): Promise<void> {
  await callMessages(core, other, recorder)
  await callTasks(core, recorder)
  await callSessions(core, recorder)
  const { call, refused } = recorder
  const { insights } = core.coordinator
  const insight = await call('insights.share', () =>
    insights.share({ category: 'caching', title: 'Keep answers', evidence: { hits: 0.5 }, key: 'learnt' }),
  )
  await call('insights.list', () => collect(insights.list()))
  await call('insights.get', () => insights.get(insight))
  await refused('insights.decide on its own', () => insights.decide(insight, { decision: 'adopted' }))
}

async function callMessages(
  { coordinator: { messages } }: Core,
  other: string,
  { call, refused }: Recorder,
): Promise<void> {
  const payload = { text: 'é 🎨', list: [1, null] }
  await call('messages.send', () => messages.send(other, 'hello', payload, { key: 'hello' }))
  await call('messages.send again', () => messages.send(other, 'hello', payload, { key: 'hello' }))
  await call('messages.broadcast', () => messages.broadcast('news', { day: 1 }, { key: 'news' }))
  await refused('messages.send to no project', () => messages.send('no_such', 'hello', {}, { key: 'lost' }))
  await call('messages.list', () => collect(messages.list({ box: 'sent' })))
  await call('messages.subscribe', () => messages.subscribe('topic:paint'))
  await call('messages.subscriptions', () => messages.subscriptions())
  await call('messages.unsubscribe', () => messages.unsubscribe('topic:paint'))
  await call('messages.receive', () => messages.receive())
  await call('messages.stats', () => messages.stats())
}

async function callTasks({ coordinator: { tasks } }: Core, { call, refused }: Recorder): Promise<void> {
  const first = await call('tasks.enqueue', () =>
    tasks.enqueue('paint', { kind: 'wall', payload: { colour: 'blue' }, key: 'first' }),
  )
  const others = await call('tasks.enqueueMany', () =>
    tasks.enqueueMany('paint', [
      { kind: 'wall', key: 'second', needs: [first.id] },
      { kind: 'wall', key: 'third', runAt: new Date('2030-01-01T00:00:00Z') },
      { kind: 'wall', key: 'first' },
    ]),
  )
  const [claimed] = await call('tasks.claim', () => tasks.claim({ queues: ['paint'], worker: 'here', limit: 5 }))
  const { id = '', fence = 0 } = claimed ?? {}
  await call('tasks.beat', () => tasks.beat([{ id, fence }], 60))
  await call('tasks.settle', () => tasks.settle([{ task: id, fence, outcome: 'done', result: { painted: true } }]))
  await call('tasks.settle of a claim that is over', () => tasks.settle([{ task: id, fence, outcome: 'done' }]))
  await call('tasks.get', () => tasks.get(id))
  await call('tasks.next', () => tasks.next([], { queues: ['paint'], worker: 'here' }))
  await call('tasks.cancel', () => tasks.cancel(others[1]?.id ?? ''))
  await call('tasks.retry', () => tasks.retry(others[1]?.id ?? ''))
  await refused('tasks.retry of what is done', () => tasks.retry(id))
  await call('tasks.setGroup', () => tasks.setGroup('paint', 'walls', 2))
  await call('tasks.stats', async () => (await tasks.stats()).map((queue) => Object.keys(queue).sort()))
}

async function callSessions({ coordinator, rpc }: Core, { call, refused }: Recorder): Promise<void> {
  await call('coordinator.lock', async () => {
    const [lock, second] = [await coordinator.lock('nightly'), await coordinator.lock('nightly')]
    await lock?.[Symbol.asyncDispose]()
    return { name: lock?.name, isSecond: second !== undefined }
  })
  await call('lock_list', () => rpc('lock_list', {}))
  const member = await call('coordinator.join', () =>
    coordinator.join({ name: 'here', fingerprint: 'f'.repeat(64), version: '1.0.0' }),
  )
  try {
    const claim = await call('member.claim', async () => {
      const held = await member.claim('src/paint')
      return held
    })
    await call('claim_list', () => rpc('claim_list', {}))
    await claim[Symbol.asyncDispose]()
    await call('session_list', () => rpc('session_list', {}))
  } finally {
    await member[Symbol.asyncDispose]()
  }
  await refused('session_beat of none', () =>
    rpc('session_beat', { p_session: '019ab2c4-9f00-7000-8000-000000000001', p_status: 'online' }),
  )
  await call('coordinator.manifest', async () => {
    const entries = await collect(coordinator.manifest())
    return entries.map(({ project, version, status, sessions }) => ({ project, version, status, sessions }))
  })
  await call('coordinator.place', async () => (await coordinator.place()).length)
  await call('health_policy_get', () => rpc('health_policy_get', {}))
  await call('health_list', async () => Object.keys(Object(await rpc('health_list', {}))).sort())
}
