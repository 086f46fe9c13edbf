import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger, systemClock } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Coordinator, createCoordinator } from '../src/index.ts'
import { createReadyWatch } from '../src/ready-watch.ts'

let on: TestDatabase
beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 8 })
  for (const p_name of ['idler', 'caller']) await on.database.rpc('project_register', { p_name })
})
afterAll(() => on.drop())

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A process whose connection brings no hints, and the calls that it makes. */
function openProcess(project: string) {
  const calls: string[] = []
  const rpc: TestDatabase['database']['rpc'] = (name, args, options) => {
    calls.push(name)
    return on.database.rpc(name, args, options)
  }
  return { calls, coordinator: createCoordinator({ database: { rpc }, project }) }
}

/** Loops at the inbox and workers of a queue each, all idle. */
async function openLoops(coordinator: Coordinator, inboxes: number, workers: number) {
  const ending = new AbortController()
  const received: unknown[] = []
  const ran: string[] = []
  const reading = Array.from({ length: inboxes }, async () => {
    for await (const message of coordinator.messages.inbox({ signal: ending.signal })) {
      received.push(message.payload)
      await message.ack()
    }
  })
  const working = await Promise.all(
    Array.from({ length: workers }, (_, at) =>
      coordinator.startWorker({
        queues: [`q${at}`],
        signals: [],
        handlers: async ({ queue }) => {
          ran.push(queue)
          return undefined
        },
      }),
    ),
  )
  return {
    received,
    ran,
    async [Symbol.asyncDispose]() {
      ending.abort()
      await Promise.all([...reading, ...working.map((worker) => worker.stop())])
    },
  }
}

test('fifty idle loops of a process cost a call a second or two, and what comes reaches one of them', async () => {
  const { calls, coordinator } = openProcess('idler')
  await using loops = await openLoops(coordinator, 25, 25)
  await pause(2_500) // until they wait together
  calls.length = 0
  const since = performance.now()
  await pause(4_000)
  const seconds = (performance.now() - since) / 1000
  expect(calls.length).toBeGreaterThan(0)
  expect(calls.length).toBeLessThanOrEqual(3 * seconds + 3)

  const caller = createCoordinator({ database: on.database, project: 'caller' })
  for (let at = 0; at < 3; at++) await caller.messages.send('idler', 't', at)
  await coordinator.tasks.enqueue('q7', { kind: 'k' })
  await expect.poll(() => [loops.received.toSorted(), loops.ran], { timeout: 30_000 }).toEqual([[0, 1, 2], ['q7']])
})

test('more than one loop can take is passed on to the others', async () => {
  const { coordinator } = openProcess('idler')
  const caller = createCoordinator({ database: on.database, project: 'caller' })
  const ending = new AbortController()
  const holding = Promise.withResolvers<void>()
  const taken: number[] = []
  const loops = Array.from({ length: 5 }, async (_, at) => {
    const options = { signal: ending.signal, batch: 1, pollMs: 500 }
    for await (const message of coordinator.messages.inbox(options)) {
      taken.push(at)
      await holding.promise
      await message.ack()
    }
  })
  await pause(800)
  for (let at = 0; at < 5; at++) await caller.messages.send('idler', 't', at)
  await expect.poll(() => new Set(taken).size, { timeout: 30_000 }).toBe(5)
  ending.abort()
  holding.resolve()
  await Promise.all(loops)
})

test('a credential that may only receive still does, beside workers that are refused', async () => {
  const claims = { role: 'core_member', project: 'idler', caps: ['message:receive'], sub: 'key:test' } as const
  const coordinator = createCoordinator({ database: { rpc: on.database.rpc }, claims, logger: silentLogger })
  await using loops = await openLoops(coordinator, 2, 2)
  await pause(500)
  const caller = createCoordinator({ database: on.database, project: 'caller' })
  await caller.messages.send('idler', 't', 'here')
  await expect.poll(() => loops.received, { timeout: 30_000 }).toEqual(['here'])
})

describe('the watch', () => {
  const open = (answer: () => Promise<unknown>) => {
    let calls = 0
    const rpc = () => {
      calls++
      return answer()
    }
    const database = Object.assign(Object.create(null), { rpc })
    const watch = createReadyWatch({ database, project: 'p', clock: systemClock, logger: silentLogger })
    return { watch, calls: () => calls }
  }
  const nothing = async () => ({ ok: true, inbox: false, queues: [] })
  const none = undefined

  test('asks nothing for one alone: its own call says it', async () => {
    const { watch, calls } = open(nothing)
    const watching = watch.enter({ inbox: true })
    await watching.wait(20, none)
    await watching.close()
    expect(calls()).toBe(0)
  })

  test('wakes the one for whom there is something, and the others stay', async () => {
    const { watch } = open(async () => ({ ok: true, inbox: false, queues: ['b'] }))
    const ending = new AbortController()
    const awake: string[] = []
    const all = ['a', 'b', 'c'].map(async (queue) => {
      await watch.enter({ queues: [queue] }).wait(20, ending.signal)
      awake.push(queue)
    })
    await pause(25)
    await expect.poll(() => awake, { timeout: 30_000 }).toEqual(['b'])
    ending.abort()
    await Promise.all(all)
  })

  test('wakes all where the call fails, so that each asks for itself', async () => {
    const { watch } = open(() => Promise.reject(new Error('the database is away')))
    await Promise.all(['a', 'b', 'c'].map((queue) => watch.enter({ queues: [queue] }).wait(20, none)))
  })

  test('a loop that ends passes on what it was woken for', async () => {
    const { watch } = open(nothing)
    const [first, second] = [watch.enter({ inbox: true }), watch.enter({ inbox: true })]
    const waiting = second.wait(60_000, none)
    await first.close()
    await waiting
    await second.close()
  })
})
