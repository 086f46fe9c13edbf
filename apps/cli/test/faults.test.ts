import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, createServer as createSocketServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createTestDatabase, findPgBouncer, prepareEmbeddedFolder, startPooler } from '@core/database/testing'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { createRoom, type RunningCoreProcess, runCoreProcess, startCoreProcess } from './core-process.ts'

/**
 * What Core says and does when what it needs fails, a row each: the message, the exit code, the readiness. At the start
 * nothing listens, so there is no readiness; while it runs a fault ends nothing, so the exit code is that of SIGINT.
 */

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

/** A file system of its own under the folder, until it is unmounted; false where this user may not mount one. */
function mountDisk(options: string, folder: string): boolean {
  spawnSync('mkdir', ['-p', folder])
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0
}
const unmount = (folder: string) => spawnSync('umount', ['-l', folder])

/** The same under the data folder, for this test. */
function mountOwnDisk(size: '1m' | '64m'): boolean {
  const isMounted = mountDisk(`size=${size}`, dataDir)
  if (isMounted) undo.push(() => unmount(dataDir))
  return isMounted
}

/** The embedded database that rows share: the last of them removes its folder. On a disk of its own where this user may mount one. */
const shared = { room: createRoom(), disk: false, core: undefined as Promise<RunningCoreProcess> | undefined }
const sharedDataDir = join(shared.room.folder, '.core')
function startShared(): Promise<RunningCoreProcess> {
  shared.core ??= (async () => {
    shared.disk = mountDisk('size=120m', sharedDataDir)
    await prepareEmbeddedFolder(sharedDataDir)
    return await startCoreProcess({ cwd: shared.room.folder })
  })()
  return shared.core
}
afterAll(async () => {
  await (await shared.core)?.stop('SIGKILL')
  if (shared.disk) unmount(sharedDataDir)
  shared.room[Symbol.dispose]()
})

async function start(env: Record<string, string> = {}): Promise<RunningCoreProcess> {
  const running = await startCoreProcess({ cwd: room.folder, env, fromNothing: env['CORE_DATABASE_URL'] !== undefined })
  undo.push(() => running.stop('SIGKILL'))
  return running
}

interface StartFault {
  readonly name: string
  /** Breaks something; resolves with the environment of the start, or with what this machine lacks. */
  readonly cause: () => Promise<Record<string, string> | string>
  /** A program and its arguments that run the start. */
  readonly within?: readonly string[]
  /** 2 is what a supervisor does not restart on; 7 is worth another try. */
  readonly code: number
  readonly message: RegExp
}

const isolate = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']

const atStart: readonly StartFault[] = [
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
      if (!mountOwnDisk('1m')) return 'this user may not mount'
      spawnSync('mount', ['-o', 'remount,ro', dataDir])
      return {}
    },
    code: 2,
    message: /its file system is read-only[\s\S]*CORE_DATA_DIR/,
  },
  {
    name: 'a data folder on a full disk',
    async cause() {
      if (!mountOwnDisk('64m')) return 'this user may not mount'
      await prepareEmbeddedFolder(dataDir)
      const { bavail, bsize } = statfsSync(dataDir)
      writeFileSync(join(dataDir, 'filler'), Buffer.alloc((bavail - 16) * bsize)) // room for the lock, not for the log
      return {}
    },
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
      await startShared()
      return { CORE_DATA_DIR: sharedDataDir }
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
      const server = await createTestDatabase()
      undo.push(() => server.drop())
      const other = createServer()
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      undo.push(() => other.close())
      const address = other.address()
      return {
        CORE_DATABASE_URL: server.url,
        CORE_HTTP_PORT: String(typeof address === 'object' ? address?.port : 0),
      }
    },
    code: 2,
    message: /cannot listen on 127\.0\.0\.1 port \d+[\s\S]*CORE_HTTP_PORT/,
  },
  {
    name: 'a data folder that a process of another pid namespace has open',
    within: isolate,
    async cause() {
      if (spawnSync('unshare', [...isolate.slice(1), 'true']).status !== 0) return 'unshare --pid is not permitted here'
      await startShared()
      return { CORE_DATA_DIR: sharedDataDir }
    },
    code: 5,
    message: /has this embedded database open[\s\S]*choose another CORE_DATA_DIR/,
  },
  {
    name: 'a database that is read-only',
    async cause() {
      const server = await createTestDatabase({ empty: true })
      undo.push(() => server.drop())
      await server.sql(`alter database ${server.name} set default_transaction_read_only = on`)
      return { CORE_DATABASE_URL: server.url }
    },
    code: 7,
    message: /the database is read-only[\s\S]*make room/,
  },
  {
    name: 'a database whose settings give wrong answers',
    async cause() {
      const server = await createTestDatabase({ empty: true })
      undo.push(() => server.drop())
      await server.sql(`alter database ${server.name} set default_transaction_isolation = serializable`)
      return { CORE_DATABASE_URL: server.url }
    },
    code: 2,
    message: /default_transaction_isolation = serializable[\s\S]*alter role/,
  },
]

test.for(atStart)('at the start, $name: exit code $code', async ({ cause, within, code, message }, { skip }) => {
  const env = await cause()
  if (typeof env === 'string') return skip(env)
  const ended = await runCoreProcess(['start'], { cwd: room.folder, env: { CORE_HTTP_PORT: '0', ...env }, within })
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code, stderr: expect.stringMatching(message) })
  expect(ended.stderr).not.toMatch(/background work failed|^ {4}at /m)
  expect(ended.stdout).toBe('') // it never listened
})

interface RunningFault {
  readonly name: string
  /** Starts Core in a world that can break; resolves with what breaks it, or with what this machine lacks. */
  readonly world: () => Promise<{ core: RunningCoreProcess; breakIt(): unknown; repair?(): unknown } | string>
  readonly readiness: 200 | 503
  /** What a charge and a reading are answered with meanwhile; left out: not asked. */
  readonly answers?: { readonly charge: number; readonly balance: number }
  /** Somewhere in its log. */
  readonly message: RegExp
  /** Left out: the next row continues with it. */
  readonly code?: number
}

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

/** A way to the server that can be cut: what is connected ends, and new connections are refused. */
async function openLine(target: string) {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  const serve = (client: Socket) => {
    const server = connect(Number(port), hostname)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(one)
      one.on('error', () => undefined).on('close', () => other.destroy())
      one.pipe(other)
    }
  }
  const listen = async (at: number) => {
    const listener = createSocketServer(serve).listen(at, '127.0.0.1')
    await once(listener, 'listening')
    return listener
  }
  let listener = await listen(0)
  const address = listener.address()
  const own = typeof address === 'object' && address ? address.port : 0
  const url = new URL(target)
  url.port = String(own)
  const cut = async () => {
    const closed = new Promise((resolve) => listener.close(resolve))
    for (const socket of open) socket.destroy()
    open.clear()
    await closed
  }
  return {
    url: url.href,
    cut,
    async restore() {
      listener = await listen(own)
    },
    [Symbol.asyncDispose]: cut,
  }
}

/** The line of one refused charge, however many are answered around it. */
const noSpace = /No space left[^\n]*the database did not carry out a call/i

/** Writes until nothing fits and a charge is refused for it; a busy machine refuses some charges, too. */
async function fillDisk(core: RunningCoreProcess, filler: string): Promise<void> {
  expect((await charge(core)).status).toBe(201)
  const { bavail, bsize } = statfsSync(sharedDataDir)
  try {
    writeFileSync(filler, Buffer.alloc(bavail * bsize))
  } catch (error) {
    // The server writes meanwhile, so that there may be less: full it is.
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
  const refused = async () => (await charge(core)).status >= 500 && noSpace.test(core.output.stderr)
  await expect.poll(refused, { timeout: 60_000, interval: 0 }).toBe(true)
}

const meanwhile: readonly RunningFault[] = [
  {
    name: 'the disk is full',
    async world() {
      const core = await startShared()
      if (!shared.disk) return 'this user may not mount'
      const filler = join(sharedDataDir, 'filler')
      return { core, breakIt: () => fillDisk(core, filler), repair: () => rmSync(filler) }
    },
    readiness: 200,
    answers: { charge: 503, balance: 200 },
    message: noSpace,
  },
  {
    name: 'the data folder is removed',
    async world() {
      const core = await startShared()
      // The running server writes new files into the folder meanwhile.
      return { core, breakIt: () => rm(join(sharedDataDir, 'data'), { recursive: true, force: true, maxRetries: 20 }) }
    },
    readiness: 503,
    message: /not ready: .*was removed or replaced while it was open/,
    code: 0,
  },
  {
    name: 'the database goes away and comes back',
    async world() {
      const server = await createTestDatabase()
      undo.push(() => server.drop())
      const line = await openLine(server.url)
      undo.push(() => line[Symbol.asyncDispose]())
      return { core: await start({ CORE_DATABASE_URL: line.url }), breakIt: line.cut, repair: line.restore }
    },
    readiness: 503,
    message: /not ready: /,
    code: 0,
  },
  {
    name: 'a pooler in transaction mode delivers no notifications',
    async world() {
      const command = findPgBouncer()
      if (command === undefined) return 'there is no pgbouncer on this machine'
      const server = await createTestDatabase()
      undo.push(() => server.drop())
      const pooler = await startPooler(command, server.url)
      undo.push(() => pooler[Symbol.asyncDispose]())
      return { core: await start({ CORE_DATABASE_URL: pooler.url }), breakIt: () => undefined }
    },
    readiness: 200,
    message: /pooler in transaction mode/,
    code: 0,
  },
]

test.for(meanwhile)(
  'while it runs, $name: readiness $readiness',
  async ({ world, readiness, answers, message, code }, { skip }) => {
    const made = await world()
    if (typeof made === 'string') return skip(made)
    const { core, breakIt, repair } = made
    expect(await ready(core.url)).toBe(200)
    await breakIt()
    await expect.poll(() => ready(core.url), { timeout: 30_000 }).toBe(readiness)
    const status = (answer: Promise<Response>) => answer.then((one) => one.status)
    if (answers) {
      await expect.poll(() => status(charge(core)), { timeout: 30_000 }).toBe(answers.charge)
      await expect.poll(() => status(balance(core)), { timeout: 30_000 }).toBe(answers.balance)
    }
    await expect.poll(() => core.output.stderr, { timeout: 30_000 }).toMatch(message)
    if (repair) {
      await repair()
      await expect.poll(() => ready(core.url), { timeout: 30_000 }).toBe(200)
      if (answers) await expect.poll(() => status(charge(core)), { timeout: 30_000 }).toBe(201)
    }
    if (code !== undefined) expect(await core.stop()).toBe(code)
  },
)
