import { spawnSync } from 'node:child_process'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createTestDatabase, prepareEmbeddedFolder } from '@core/database/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRoom, type RunningCoreProcess, runCoreProcess, startCoreProcess } from './core-process.ts'

/** What Core says and does when what it needs fails: the message, the exit code, the readiness. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }) // processes start slowly on a busy machine

let room: ReturnType<typeof createRoom>
let dataDir: string
const undo: (() => unknown)[] = []
beforeEach(() => {
  room = createRoom()
  dataDir = join(room.folder, '.core')
})
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
  room[Symbol.dispose]()
})

/** A file system of its own under the data folder; false where this user may not mount one. */
function mountDisk(options: string): boolean {
  spawnSync('mkdir', ['-p', dataDir])
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dataDir]).status !== 0) return false
  undo.push(() => spawnSync('umount', ['-l', dataDir]))
  return true
}

async function start(): Promise<RunningCoreProcess> {
  const running = await startCoreProcess({ cwd: room.folder })
  undo.push(() => running.stop('SIGKILL'))
  return running
}

interface Fault {
  readonly name: string
  /** Breaks something; resolves with the environment of the start, or with what this machine lacks. */
  readonly cause: () => Promise<Record<string, string> | string>
  readonly code: number
  readonly message: RegExp
}

/** Exit code 2 is what a supervisor does not restart on; 7 is worth another try. */
const atStart: readonly Fault[] = [
  {
    name: 'data of another major',
    async cause() {
      await prepareEmbeddedFolder(dataDir)
      await writeFile(join(dataDir, 'data/PG_VERSION'), '17\n')
      return {}
    },
    code: 2,
    message: /made by Postgres 17, and this version of Core reads Postgres 18[\s\S]*core migrate reset/,
  },
  {
    name: 'a read-only data folder',
    async cause() {
      if (!mountDisk('size=1m')) return 'this user may not mount'
      spawnSync('mount', ['-o', 'remount,ro', dataDir])
      return {}
    },
    code: 2,
    message: /its file system is read-only[\s\S]*CORE_DATA_DIR/,
  },
  {
    name: 'a data folder on a full disk',
    cause: async () => (mountDisk('size=1m') ? {} : 'this user may not mount'),
    code: 2,
    message: /its disk is full[\s\S]*Make room/,
  },
  {
    name: 'a file in place of the data folder',
    async cause() {
      await writeFile(dataDir, '')
      return {}
    },
    code: 2,
    message: /a file has its name[\s\S]*Move the file away/,
  },
  {
    name: 'a data folder that is in use',
    async cause() {
      await start()
      return {}
    },
    code: 5,
    message: /process \d+ has this embedded database open/,
  },
  {
    name: 'a server that is away',
    cause: async () => ({ CORE_DATABASE_URL: 'postgres://core@127.0.0.1:1/core' }),
    code: 7,
    message: /ECONNREFUSED[\s\S]*Check that the database runs/,
  },
  {
    name: 'a database that is not there',
    async cause() {
      const server = await createTestDatabase({ empty: true })
      undo.push(() => server.drop())
      return { CORE_DATABASE_URL: server.url.replace(/\/[^/]+$/, '/not_there') }
    },
    code: 2,
    message: /cannot connect to the database[\s\S]*the database name/,
  },
  {
    name: 'a port that is taken',
    async cause() {
      await prepareEmbeddedFolder(dataDir)
      const other = createServer()
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      undo.push(() => other.close())
      const address = other.address()
      return { CORE_HTTP_PORT: String(typeof address === 'object' ? address?.port : 0) }
    },
    code: 2,
    message: /CORE_HTTP_PORT/,
  },
]

test.for(atStart)('at the start, $name: exit code $code', async ({ cause, code, message }, { skip }) => {
  const env = await cause()
  if (typeof env === 'string') return skip(env)
  const ended = await runCoreProcess(['start'], { cwd: room.folder, env: { CORE_HTTP_PORT: '0', ...env } })
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code, stderr: expect.stringMatching(message) })
  expect(ended.stderr).not.toMatch(/^ {4}at /m)
})

const ready = (url: string) => fetch(`${url}/readyz`).then(({ status }) => status)

function send(core: RunningCoreProcess, method: string, path: string, body?: object) {
  return fetch(`${core.url}/v1/projects/smart_layer${path}`, {
    method,
    headers: {
      authorization: `Bearer ${core.keys['smart_layer']}`,
      ...(body ? { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}
const charge = (core: RunningCoreProcess) => send(core, 'POST', '/charges', { account: 'smart_layer', amount: 1 })
const balance = (core: RunningCoreProcess) => send(core, 'GET', '/accounts/smart_layer/balance')

describe('while it runs', () => {
  test('a data folder that is removed: not ready, also where writes seem to succeed', async () => {
    const core = await start()
    expect(await ready(core.url)).toBe(200)
    // The running server writes new files into the folder meanwhile.
    await rm(join(dataDir, 'data'), { recursive: true, force: true, maxRetries: 20 })
    await expect.poll(() => ready(core.url), { timeout: 10_000 }).toBe(503)
  })

  test('a full disk: changes are refused, reads are answered, and room brings it back', async ({ skip }) => {
    if (!mountDisk('size=120m')) return skip('this user may not mount')
    const core = await start()
    expect((await charge(core)).status).toBe(201)
    const filler = join(dataDir, 'filler')
    const { bavail, bsize } = statfsSync(dataDir)
    try {
      writeFileSync(filler, Buffer.alloc(bavail * bsize))
    } catch (error) {
      // The server writes meanwhile, so that there may be less: full it is.
      expect(error).toMatchObject({ code: 'ENOSPC' })
    }
    const refused = async () => {
      for (let sent = 0; sent < 500; sent++) if ((await charge(core)).status >= 500) return true
      return false
    }
    expect(await refused()).toBe(true)
    await expect.poll(() => balance(core).then(({ status }) => status), { timeout: 20_000 }).toBe(200)
    rmSync(filler)
    await expect.poll(() => charge(core).then(({ status }) => status), { timeout: 30_000 }).toBe(201)
    expect(await ready(core.url)).toBe(200)
  })
})
