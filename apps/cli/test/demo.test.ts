import { createClient } from '@core/api/client'
import { systemClock } from '@core/foundation'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { closePlayground, type Insist, openPlayground } from '../src/demo/playground.ts'
import { certain } from '../src/demo/worker.ts'
import { runCore, startCore } from './core-here.ts'
import { createRoom, type RunningCore } from './core-process.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }) // processes start slowly on a busy machine

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
const demo = (args: string[], env: Record<string, string>) => runCore(args, { cwd: room.folder, env })

describe('core demo', () => {
  test('workers of both projects compete, some are denied, some crash, and every credit is accounted for', async () => {
    const env = { CORE_URL: running.url, CORE_OWNER_KEY: running.keys['owner'] ?? '' }
    const { code, stdout, stderr } = await demo(small, env)
    expect(code, stderr).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ workers: 20, granted: 500_000, held: 0, violations: [], faults: [] })
    expect(result.spent + result.available).toBe(500_000)
    expect(result.spent).toBe(result.books.charged)
    expect(result.books.settled).toBeGreaterThan(0) // how many depends on the machine
    expect(result.books.deniedCredits + result.books.deniedBudget).toBeGreaterThan(0)
    expect(stderr).toMatch(/smart_layer \d+ settled, manus_origin \d+ settled; .* = .* granted/)

    // The keys of the run are gone, and it can be repeated beside the first.
    for (const project of ['smart_layer', 'manus_origin']) {
      const { data } = JSON.parse((await demo(['keys', 'list', '--project', project], env)).stdout)
      const made = data.filter(({ name }: { name: string }) => name.startsWith('demo '))
      expect(made.map(({ status }: { status: string }) => status)).toEqual(['disabled'])
    }
    const again = await demo(small, env)
    expect(again.code).toBe(0)
    expect(JSON.parse(again.stdout).pool).not.toBe(result.pool)
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
