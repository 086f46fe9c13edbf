import { statSync } from 'node:fs'
import { join } from 'node:path'
import { prepareEmbeddedFolder } from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCore } from './core-here.ts'
import { createRoom, type RunningCoreProcess, runCoreProcess, startCoreProcess } from './core-process.ts'

/** One story from nothing: each test continues with the data folder, and mostly with the process, that the one before left. */
const room = createRoom()
/** For a start with an owner key of its own, which SIGINT ends at last. */
const own = createRoom()
let running: RunningCoreProcess
let keys: RunningCoreProcess['keys']
let ofOwnKey: RunningCoreProcess | undefined

/** Ends what an earlier test, which failed, may have left running. */
const started = new Set<RunningCoreProcess>()
async function start(cwd = room.folder, env: Record<string, string> = {}): Promise<RunningCoreProcess> {
  const begun = await startCoreProcess({ cwd, env, fromNothing: cwd === room.folder })
  started.add(begun)
  return begun
}

beforeAll(async () => {
  running = await start()
  keys = running.keys
})
afterAll(async () => {
  await Promise.all([...started].map((one) => one.stop('SIGKILL')))
  room[Symbol.dispose]()
  own[Symbol.dispose]()
})

describe('the first start', () => {
  test('shows progress on stderr, addresses and keys on stdout', () => {
    expect(running.output.stderr).toMatch(/migrating 1\/\d+ /)
    expect(Object.keys(keys)).toEqual(['owner', 'smart_layer', 'manus_origin'])
    expect(running.output.stdout).toContain(`${running.url}/docs`)
  })

  test('keeps the owner key where only this user reads it, so that core needs nothing on this machine', async () => {
    const file = join(room.folder, '.core/owner-key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const port = new URL(running.url).port
    const status = await runCore(['status'], { cwd: room.folder, env: { CORE_HTTP_PORT: port } })
    expect(JSON.parse(status.stdout)).toMatchObject({ project: null, key: file })
    expect(keys['owner']).toMatch(/^ck_live_/)
    // Elsewhere is not here: the same file is no key for another address.
    const env = { CORE_URL: running.url, CORE_HTTP_PORT: '1' }
    const elsewhere = await runCore(['status'], { cwd: room.folder, env })
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ key: 'nowhere' })
  })

  test('takes CORE_OWNER_KEY and keeps no copy of it', async () => {
    await prepareEmbeddedFolder(join(own.folder, '.core'))
    const key = 'an-owner-key-of-my-own-0123456789'
    const other = await start(own.folder, { CORE_OWNER_KEY: key })
    ofOwnKey = other
    expect(Object.keys(other.keys)).toEqual(['smart_layer', 'manus_origin'])
    const status = await runCore(['status'], { cwd: own.folder, env: { CORE_URL: other.url, CORE_OWNER_KEY: key } })
    expect(JSON.parse(status.stdout)).toMatchObject({ project: null })
    expect(() => statSync(join(own.folder, '.core/owner-key'))).toThrow('ENOENT')
  })
})

describe('the end', () => {
  test('a kill -9 loses nothing that was acknowledged, and the second start shows no keys', async () => {
    const env = { CORE_URL: running.url, CORE_KEY: keys['smart_layer'] ?? '' }
    const charges = Array.from({ length: 5 }, (_, index) =>
      runCore(['credits', 'charge', 'smart_layer', `${index + 1}`], { cwd: room.folder, env }),
    )
    const codes = (await Promise.all(charges)).map(({ code }) => code)
    expect(codes).toEqual([0, 0, 0, 0, 0])
    await running.stop('SIGKILL')

    running = await start()
    expect(running.keys).toEqual({})
    expect(running.output.stderr).not.toContain('migrating')
    const balance = await runCore(['credits', 'balance', 'smart_layer'], {
      cwd: room.folder,
      env: { ...env, CORE_URL: running.url },
    })
    expect(JSON.parse(balance.stdout)).toMatchObject({ spent: 15_000_000, held: 0 })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s, also sent thrice, ends it with code 0', async (signal) => {
    const { pid, url, stop } = signal === 'SIGTERM' ? running : (ofOwnKey ?? (await start()))
    process.kill(pid, signal)
    process.kill(pid, signal)
    expect(await stop(signal)).toBe(0)
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed')
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
