import { type Database, openDatabase } from '@core/database'
import {
  createTestDatabase,
  findPgBouncer,
  openEmbeddedDatabase,
  startPooler,
  startSupabaseServer,
} from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Coordinator, createCoordinator } from '../src/index.ts'

/** What the coordinator does is the same on every driver; `http` is a URL and the key of one project. */

const [project, sibling] = ['baker', 'miller']
const scopes =
  'fleet:read message:send message:receive insight:share insight:decide session:run claim:take lock:take task:enqueue task:work'

interface Opened extends AsyncDisposable {
  /** Of the owner. */
  database: Database
  of(project: string): Promise<Database>
}

async function openServer(driver: 'supabase' | 'http'): Promise<Opened> {
  await using opening = new AsyncDisposableStack()
  const on = opening.use(await createTestDatabase({ poolSize: 2 }))
  const server = opening.use(await startSupabaseServer(on.url))
  const opened = opening.move()
  const open = async (key: string) => opened.use(await openDatabase({ driver, url: server.url, key }))
  return {
    database: on.database,
    // As a service, or with the key of a project.
    of: (name) =>
      open(
        driver === 'supabase'
          ? server.serviceKey
          : server.memberKey({ role: 'core_member', sub: `test:${name}`, project: name, caps: scopes.split(' ') }),
      ),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const drivers: Record<string, () => Promise<Opened>> = {
  async embedded() {
    const database = await openEmbeddedDatabase()
    return { database, of: async () => database, [Symbol.asyncDispose]: () => database.close() }
  },
  async postgres() {
    const on = await createTestDatabase({ poolSize: 4 })
    return { database: on.database, of: async () => on.database, [Symbol.asyncDispose]: () => on.drop() }
  },
  supabase: () => openServer('supabase'),
  http: () => openServer('http'),
}

/** Behind one in transaction mode each call meets another connection, and hints never come. */
const pgBouncer = findPgBouncer()
if (pgBouncer !== undefined) {
  drivers['postgres behind a pooler'] = async () => {
    await using opening = new AsyncDisposableStack()
    const on = opening.use(await createTestDatabase({ poolSize: 4 }))
    const pooler = opening.use(await startPooler(pgBouncer, on.url))
    const opened = opening.move()
    return {
      database: on.database,
      of: async () => opened.use(await openDatabase({ driver: 'postgres', url: pooler.url, poolSize: 4 })),
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    }
  }
}

describe.each(Object.entries(drivers))('on the %s driver', (_, open) => {
  let opened: Opened
  let baker: Coordinator
  let miller: Coordinator
  beforeAll(async () => {
    opened = await open()
    for (const p_name of [project, sibling]) await opened.database.rpc('project_register', { p_name })
    baker = createCoordinator({ database: await opened.of(project), project })
    miller = createCoordinator({ database: await opened.of(sibling), project: sibling })
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  test('a message is received in order, held by one process, acknowledged once and answered', async () => {
    for (const bag of [1, 2]) await miller.messages.send(project, 'flour', { bag })
    const [first, second, ...none] = await baker.messages.receive({ limit: 5, visibleSeconds: 60 })
    expect([first?.payload, second?.payload, none]).toEqual([{ bag: 1 }, { bag: 2 }, []])
    expect(await baker.messages.receive()).toEqual([])
    expect([await first?.ack(), await first?.ack()]).toEqual([true, true]) // sent again, it is answered alike
    expect(await second?.nack('wet', { outcome: 'dead' })).toBe('dead')
    const asked = miller.messages.request(project, 'price', {}, { timeoutMs: 30_000 })
    const ending = new AbortController()
    for await (const message of baker.messages.inbox({ pollMs: 50, signal: ending.signal })) {
      await message.reply({ price: 3 })
      await message.ack()
      ending.abort()
    }
    expect(await asked).toMatchObject({ from: project, payload: { price: 3 } })
  })

  test('a task is enqueued once, claimed by one worker, and its late result is refused', async () => {
    const { tasks } = baker
    const { id } = await tasks.enqueue('bake', { kind: 'bread', payload: { loaves: 7 }, key: 'once' })
    expect(await tasks.enqueue('bake', { kind: 'bread', key: 'once' })).toMatchObject({ id, outcome: 'replayed' })
    const { id: rolls } = await tasks.enqueue('bake', { kind: 'rolls', needs: [id] })
    const input = { queues: ['bake'], worker: 'w' }
    const [held, ...none] = await tasks.claim({ ...input, limit: 5 })
    expect([held?.payload, none]).toEqual([{ loaves: 7 }, []])
    const report = { task: id, fence: held?.fence ?? 0, outcome: 'done', result: { weight: 2.5 } } as const
    expect(await tasks.settle([{ ...report, fence: report.fence + 1 }])).toMatchObject([{ status: 'stale' }])
    const next = await tasks.next([report], input)
    expect(next).toMatchObject({ outcomes: [{ task: id, status: 'done' }], claimed: [{ id: rolls, attempt: 1 }] })
    expect(await tasks.get(id)).toMatchObject({ status: 'done', result: { weight: 2.5 } })
    expect(await tasks.beat(next.claimed, 90)).toEqual([])
  })

  test('a worker runs what is enqueued', async () => {
    await using worker = await baker.startWorker({
      queues: ['run'],
      handlers: { double: async ({ payload }) => Number(payload) * 2 },
      pollMs: 50,
      signals: [],
    })
    const { id } = await baker.tasks.enqueue('run', { kind: 'double', payload: 21 })
    await expect.poll(() => baker.tasks.get(id), { timeout: 20_000 }).toMatchObject({ status: 'done', result: 42 })
    await worker.stop()
  })

  test('paths that overlap exclude each other, and a claim and a lock are free once they are released', async () => {
    await using me = await baker.join({ fingerprint: '1'.repeat(64) })
    await using twin = await baker.join({ fingerprint: '2'.repeat(64) })
    const claim = await me.claim('repo/docs/**')
    await expect(twin.claim('repo/docs/a.md')).rejects.toMatchObject({
      code: 'E_CONFLICT',
      details: { reason: 'claim_held', holder: project },
    })
    await claim[Symbol.asyncDispose]()
    await using next = await twin.claim('repo/docs/a.md')
    expect(next.fence).toBeGreaterThan(claim.fence)

    const lock = await baker.lock('oven')
    expect(await baker.lock('oven')).toBeUndefined()
    await lock?.[Symbol.asyncDispose]()
    await using again = await baker.lock('oven')
    expect(again?.fence).toBeGreaterThan(lock?.fence ?? 0)
  })

  test('a process is there once, and its project is shown with its status and its health', async () => {
    await using me = await baker.join({ fingerprint: '3'.repeat(64), metrics: () => ({ requests: 100, errors: 50 }) })
    await expect(baker.join({ fingerprint: '3'.repeat(64) })).rejects.toMatchObject({
      code: 'E_CONFLICT',
      details: { reason: 'session_live' },
    })
    await me.setStatus('degraded')
    const entries = await Array.fromAsync(baker.manifest())
    expect(entries.find((entry) => entry.project === project)).toMatchObject({
      status: 'degraded',
      worst: 'errors',
      figures: { errors: 50 },
    })
    expect(await baker.place()).toMatchObject([{ project }])
  })

  test('an insight of one project is ranked by what the others measured', async () => {
    const insight = await miller.insights.share({ category: 'flour', title: 'sift twice', evidence: { before: 9 } })
    expect(await Array.fromAsync(baker.insights.list({ open: true }))).toMatchObject([{ insight }])
    await baker.insights.decide(insight, { decision: 'adopted', effectBasisPoints: 1_500 })
    expect(await miller.insights.get(insight)).toMatchObject({ decisions: [{ project, effect_bp: 1_500 }] })
  })
})
