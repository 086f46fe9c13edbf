import { cpSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCore } from './core-here.ts'
import { createRoom, type RunningCoreProcess, runCoreProcess, startCoreProcess } from './core-process.ts'

/** Where a first start, from nothing, has been and ended: a copy of it starts in a moment. */
const seed = createRoom()
let first: RunningCoreProcess
let firstCode: number | null
beforeAll(async () => {
  first = await startCoreProcess({ cwd: seed.folder, fromNothing: true })
  firstCode = await first.stop()
})
afterAll(() => seed[Symbol.dispose]())

let room: ReturnType<typeof createRoom>
const started: RunningCoreProcess[] = []
beforeEach(() => {
  room = createRoom()
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop('SIGKILL')))
  room[Symbol.dispose]()
})

async function start(env: Record<string, string> = {}): Promise<RunningCoreProcess> {
  const running = await startCoreProcess({ cwd: room.folder, env })
  started.push(running)
  return running
}

async function startAgain(): Promise<RunningCoreProcess> {
  cpSync(join(seed.folder, '.core'), join(room.folder, '.core'), { recursive: true })
  return start()
}

describe('the first start', () => {
  test('shows progress on stderr, addresses and keys on stdout; the second shows no keys', async () => {
    expect(first.output.stderr).toMatch(/migrating 1\/\d+ /)
    expect(Object.keys(first.keys)).toEqual(['owner', 'smart_layer', 'manus_origin'])
    expect(first.output.stdout).toContain(`${first.url}/docs`)
    expect(firstCode).toBe(0)

    const second = await startAgain()
    expect(second.keys).toEqual({})
    expect(second.output.stderr).not.toContain('migrating')
  })

  test('keeps the owner key where only this user reads it, so that core needs nothing on this machine', async () => {
    const { url, keys } = await start()
    const file = join(room.folder, '.core/owner-key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const port = new URL(url).port
    const status = await runCore(['status'], { cwd: room.folder, env: { CORE_HTTP_PORT: port } })
    expect(JSON.parse(status.stdout)).toMatchObject({ project: null, key: file })
    expect(keys['owner']).toMatch(/^ck_live_/)
    // Elsewhere is not here: the same file is no key for another address.
    const elsewhere = await runCore(['status'], { cwd: room.folder, env: { CORE_URL: url, CORE_HTTP_PORT: '1' } })
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ key: 'nowhere' })
  })

  test('takes CORE_OWNER_KEY and keeps no copy of it', async () => {
    const key = 'an-owner-key-of-my-own-0123456789'
    const { url, keys } = await start({ CORE_OWNER_KEY: key })
    expect(Object.keys(keys)).toEqual(['smart_layer', 'manus_origin'])
    const status = await runCore(['status'], { cwd: room.folder, env: { CORE_URL: url, CORE_OWNER_KEY: key } })
    expect(JSON.parse(status.stdout)).toMatchObject({ project: null })
    expect(() => statSync(join(room.folder, '.core/owner-key'))).toThrow('ENOENT')
  })
})

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s, also sent thrice, ends it with code 0', async (signal) => {
    const running = await startAgain()
    process.kill(running.pid, signal)
    process.kill(running.pid, signal)
    expect(await running.stop(signal)).toBe(0)
    await expect(fetch(`${running.url}/livez`)).rejects.toThrow('fetch failed')
  })

  test('a kill -9 loses nothing that was acknowledged', async () => {
    const killed = await startAgain()
    const env = { CORE_URL: killed.url, CORE_KEY: first.keys['smart_layer'] ?? '' }
    const charges = Array.from({ length: 5 }, (_, index) =>
      runCore(['credits', 'charge', 'smart_layer', `${index + 1}`], { cwd: room.folder, env }),
    )
    const codes = (await Promise.all(charges)).map(({ code }) => code)
    expect(codes).toEqual([0, 0, 0, 0, 0])
    await killed.stop('SIGKILL')

    const second = await start()
    const balance = await runCore(['credits', 'balance', 'smart_layer'], {
      cwd: room.folder,
      env: { ...env, CORE_URL: second.url },
    })
    expect(JSON.parse(balance.stdout)).toMatchObject({ spent: 15_000_000, held: 0 })
  })
})

describe('a start that cannot work says why; more of them are in faults.test.ts', () => {
  test('every fault of the configuration at once', async () => {
    const env = { CORE_HTTP_PORT: 'eighty', CORE_LOG_LEVEL: 'loud' }
    const { code, stdout, stderr } = await runCoreProcess(['start'], { cwd: room.folder, env })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('CORE_HTTP_PORT')
    expect(stderr).toContain('CORE_LOG_LEVEL')
  })
})
