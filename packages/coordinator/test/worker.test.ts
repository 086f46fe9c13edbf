import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Coordinator, createCoordinator, type TaskHandler } from '../src/index.ts'

let on: TestDatabase
let coordinator: Coordinator
let queues = 0
const children: ChildProcess[] = []

beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 8 })
  await on.database.rpc('project_register', { p_name: 'smart_layer' })
  coordinator = createCoordinator({ database: on.database, project: 'smart_layer' })
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => on.drop())

const newQueue = () => `w${queues++}`
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function until<Value>(read: () => Promise<Value>, isDone: (value: Value) => boolean): Promise<Value> {
  for (let tries = 0; tries < 600; tries++) {
    const value = await read()
    if (isDone(value)) return value
    await pause(50)
  }
  throw new Error('it did not happen within 30 seconds')
}

const ended = (id: string) =>
  until(
    () => coordinator.tasks.get(id),
    ({ status }) => ['done', 'dead'].includes(status),
  )

const startWorker = (queue: string, work: TaskHandler, more = {}) =>
  coordinator.startWorker({ queues: [queue], handlers: { work }, pollMs: 20, signals: [], ...more })

function startProcess(...args: readonly (string | number)[]): ChildProcess {
  const file = join(import.meta.dirname, 'worker-process.ts')
  const child = fork(file, [on.url, ...args.map(String)], { stdio: 'inherit' })
  children.push(child)
  return child
}

async function message(child: ChildProcess, type: string): Promise<void> {
  for (;;) {
    const [received] = await once(child, 'message')
    if (Object(received).type === type) return
  }
}

test('runs tasks, keeps results, and tries again what failed', async () => {
  const queue = newQueue()
  await using _worker = await startWorker(queue, async ({ payload, attempt }) => {
    if (attempt === 1 && payload === 'fragile') throw new Error('not yet')
    return { payload: String(payload), attempt }
  })
  const fine = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: 'solid' })
  const fragile = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: 'fragile', backoffMs: 0 })
  expect(await ended(fine.id)).toMatchObject({ status: 'done', result: { payload: 'solid', attempt: 1 } })
  expect(await ended(fragile.id)).toMatchObject({ status: 'done', error: 'not yet', result: { attempt: 2 } })
})

test('never runs more tasks at a time than its concurrency', async () => {
  const queue = newQueue()
  let running = 0
  let most = 0
  await using _worker = await startWorker(
    queue,
    async () => {
      most = Math.max(most, ++running)
      await pause(10)
      running--
      return undefined
    },
    { concurrency: 3 },
  )
  const tasks = Array.from({ length: 30 }, () => ({ kind: 'work' }))
  const made = await coordinator.tasks.enqueueMany(queue, tasks)
  for (const { id } of made) await ended(id)
  expect(most).toBe(3)
})

test('a kind without a handler, and a result that cannot be stored, fail the attempt', async () => {
  const queue = newQueue()
  await using _worker = await startWorker(queue, async () => ({ text: '\0' }))
  const strange = await coordinator.tasks.enqueue(queue, { kind: 'strange', maxAttempts: 1 })
  const bad = await coordinator.tasks.enqueue(queue, { kind: 'work', maxAttempts: 1 })
  expect(await ended(strange.id)).toMatchObject({ status: 'dead', error: expect.stringContaining('no handler') })
  expect(await ended(bad.id)).toMatchObject({ status: 'dead', error: expect.stringContaining('result.text') })
})

test('whatever the message of a failure is, the failure is reported', async () => {
  const queue = newQueue()
  const long = `${'a'.repeat(9_999)}🙂`
  await using _worker = await startWorker(queue, ({ payload }) => Promise.reject(new Error(String(payload))))
  const made = await coordinator.tasks.enqueue(queue, { kind: 'work', maxAttempts: 1, payload: long })
  expect(await ended(made.id)).toMatchObject({ status: 'dead', error: `${'a'.repeat(9_999)}\ufffd` })
})

test('stopping, it claims no more, waits, and releases what takes too long without charging the attempt', async () => {
  const queue = newQueue()
  let wasAborted = false
  const started = Promise.withResolvers<void>()
  const worker = await startWorker(
    queue,
    async ({ payload }, { signal }) => {
      if (payload === 'short') return 'in time'
      started.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      wasAborted = true
      return 'too late'
    },
    { drainMs: 200 },
  )
  const short = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: 'short' })
  const long = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: 'long' })
  await started.promise
  await ended(short.id)
  await worker.stop()
  expect(wasAborted).toBe(true)
  expect(await coordinator.tasks.get(long.id)).toMatchObject({ status: 'ready', attempt: 0 })
  const later = await coordinator.tasks.enqueue(queue, { kind: 'work' })
  await pause(100)
  expect(await coordinator.tasks.get(later.id)).toMatchObject({ status: 'ready' })
})

test('a task that is cancelled aborts its handler, and its result is refused', async () => {
  const queue = newQueue()
  const started = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  await using _worker = await startWorker(
    queue,
    async (_, { signal }) => {
      started.resolve()
      signal.addEventListener('abort', () => aborted.resolve())
      await aborted.promise
      return 'late'
    },
    { leaseSeconds: 3 },
  )
  const { id } = await coordinator.tasks.enqueue(queue, { kind: 'work' })
  await started.promise
  expect(await coordinator.tasks.cancel(id)).toBe(true)
  await aborted.promise
  expect(await coordinator.tasks.get(id)).toMatchObject({ status: 'cancelled', result: null })
})

test('a handler shows how far it is, and learns at once that its task is lost', async () => {
  const queue = newQueue()
  const shown: unknown[] = []
  let wasAborted = false
  const done = Promise.withResolvers<void>()
  await using _worker = await startWorker(queue, async ({ id }, { signal, progress }) => {
    await progress({ page: 1 })
    shown.push((await coordinator.tasks.get(id)).progress)
    await progress('x'.repeat(5_000)) // more than is kept: logged, and the task continues
    await progress({ page: 2 })
    shown.push((await coordinator.tasks.get(id)).progress)
    await coordinator.tasks.cancel(id)
    await progress({ page: 3 })
    wasAborted = signal.aborted
    await progress({ page: 4 })
    done.resolve()
    return undefined
  })
  const { id } = await coordinator.tasks.enqueue(queue, { kind: 'work' })
  await done.promise
  expect(shown).toEqual([{ page: 1 }, { page: 2 }])
  expect(wasAborted).toBe(true)
  expect(await coordinator.tasks.get(id)).toMatchObject({ status: 'cancelled' })
})

test('beats from a thread survive a handler that blocks the event loop for longer than the lease', async () => {
  const queue = newQueue()
  const { id } = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: { ms: 4_500 } })
  const child = startProcess(queue, 3, 1_000, 'block')
  await message(child, 'started')
  await pause(3_500) // past the lease
  expect(await coordinator.tasks.claim({ queues: [queue], worker: 'thief' })).toEqual([])
  expect(await ended(id)).toMatchObject({ status: 'done', attempt: 1 })
})

test('a worker killed with -9 is replaced when its lease ends, and its task is done once', async () => {
  const queue = newQueue()
  const { id } = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: { ms: 60_000 } })
  const child = startProcess(queue, 3)
  await message(child, 'started')
  child.kill('SIGKILL')
  const killedAt = Date.now()
  await using _worker = await startWorker(queue, async ({ attempt }) => ({ attempt }))
  expect(await ended(id)).toMatchObject({ status: 'done', result: { attempt: 2 } })
  expect(Date.now() - killedAt).toBeLessThan(8_000) // lease + 5 s
})

test('a worker that was frozen past its lease finds its result refused', async () => {
  const queue = newQueue()
  const { id } = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: { ms: 300 } })
  const child = startProcess(queue, 3)
  await message(child, 'started')
  child.kill('SIGSTOP')
  await using _worker = await startWorker(queue, async () => 'by the successor')
  expect(await ended(id)).toMatchObject({ status: 'done', result: 'by the successor', attempt: 2 })
  child.kill('SIGCONT')
  await pause(1_000)
  expect(await coordinator.tasks.get(id)).toMatchObject({ result: 'by the successor' })
})

test('SIGTERM drains: what runs is done, and the process ends', async () => {
  const queue = newQueue()
  const { id } = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: { ms: 500 } })
  const child = startProcess(queue, 30, 10_000)
  await message(child, 'started')
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  expect(await coordinator.tasks.get(id)).toMatchObject({ status: 'done', attempt: 1 })
})

test('a second SIGTERM ends the process at once', async () => {
  const queue = newQueue()
  const { id } = await coordinator.tasks.enqueue(queue, { kind: 'work', payload: { ms: 60_000 } })
  const child = startProcess(queue, 30, 600_000)
  await message(child, 'started')
  const ending = once(child, 'exit')
  child.kill('SIGTERM')
  await pause(500)
  expect(child.exitCode).toBeNull() // it waits for what runs
  child.kill('SIGTERM')
  expect(await ending).toEqual([1, null])
  expect(await coordinator.tasks.get(id)).toMatchObject({ status: 'running' })
})
