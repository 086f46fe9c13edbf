import { createClient } from '@core/api/client'
import { systemClock } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closePlayground, type Insist, openPlayground } from '../src/demo/playground.ts'
import { certain } from '../src/demo/worker.ts'
import { runCore, startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

const small = ['demo', '--workers', '20', '--seconds', '2', '--credits', '0.5']
/** For a machine so busy that two seconds are too short for a job. */
const longer = ['10', '60'].map((seconds) => small.with(small.indexOf('--seconds') + 1, seconds))
const demo = (args: string[], env: Record<string, string>) => runCore(args, { cwd: room.folder, env })

describe('core demo', () => {
  test('workers of both projects compete, some are denied, some crash, and every credit is accounted for', async () => {
    const env = { CORE_URL: running.url, CORE_OWNER_KEY: running.keys['owner'] ?? '' }
    let runs = 0
    let result: Awaited<ReturnType<typeof run>>
    const run = async (words: string[]) => {
      const { code, stdout, stderr } = await demo(words, env)
      expect(code, stderr).toBe(0)
      runs++
      expect(stderr).toMatch(/smart_layer \d+ settled, manus_origin \d+ settled; .* = .* granted/)
      const answer = JSON.parse(stdout)
      expect(answer).toMatchObject({ workers: 20, granted: 500_000, held: 0, violations: [], faults: [] })
      expect(answer.spent + answer.available).toBe(500_000)
      expect(answer.spent).toBe(answer.books.charged)
      return answer
    }
    const isShort = ({ books }: typeof result) => books.settled === 0 || books.deniedCredits + books.deniedBudget === 0
    result = await run(small)
    for (const words of longer) if (isShort(result)) result = await run(words)
    expect(isShort(result), JSON.stringify(result)).toBe(false) // how many depends on the machine

    // The keys of the run are gone, and it can be repeated beside the first.
    for (const project of ['smart_layer', 'manus_origin']) {
      const { data } = JSON.parse((await demo(['keys', 'list', '--project', project], env)).stdout)
      const made = data.filter(({ name }: { name: string }) => name.startsWith('demo '))
      expect(made.map(({ status }: { status: string }) => status)).toEqual(Array(runs).fill('disabled'))
    }
    expect((await run(small)).pool).not.toBe(result.pool)
  })

  test('a control plane that sheds every other request has its playground opened and closed', async () => {
    let sent = 0
    const overloaded = { code: 'unavailable', detail: 'the server is overloaded', retryable: true, errors: [] }
    const client = createClient({
      url: running.url,
      key: running.keys['owner'] ?? '',
      fetch: async (input, init) =>
        sent++ % 2 === 0 ? Response.json(overloaded, { status: 503 }) : fetch(input, init),
    })
    const clock = { ...systemClock, sleep: async () => {} }
    const insist: Insist = (call) => certain({ clock, random: () => 0, signal: AbortSignal.timeout(60_000) }, call)
    const playground = await openPlayground(client, { run: 'shed', credits: 100, insist })
    expect(playground.siblings.map(({ project }) => project)).toEqual(['smart_layer', 'manus_origin'])
    await closePlayground(client, playground, { insist })
  })

  test('without a control plane it says how to start one', async () => {
    const { code, stderr } = await demo(['demo', '--url', 'http://127.0.0.1:9'], {})
    expect(code).toBe(7)
    expect(stderr).toContain('npm start')
  })

  test('with a key that is not the owner’s it says which one it needs', async () => {
    const env = { CORE_URL: running.url, CORE_KEY: running.keys['smart_layer'] ?? '' }
    const { code, stderr } = await demo(small, env)
    expect(code).toBe(3)
    expect(stderr).toContain('CORE_OWNER_KEY')
  })
})
