import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { leaseSocket, type TestServerAddress, testFolder } from './test-server-place.ts'

const START_TIMEOUT_MS = 60_000
const keeperFile = fileURLToPath(
  new URL(`./test-server-keeper${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
)

const logFile = join(testFolder, 'keeper.log')

let lease: Promise<TestServerAddress> | undefined

/** The shared server, started if it does not run yet. This process keeps it alive until it ends. */
export function leaseTestServer(): Promise<TestServerAddress> {
  lease ??= hold().then(({ address, socket }) => {
    socket.unref()
    socket.on('close', () => {
      lease = undefined
    })
    return address
  })
  lease.catch(() => {
    lease = undefined
  })
  return lease
}

/**
 * Keeps the shared server for a whole test run and stops it at the end, if no other run uses it: the default export of
 * a Vitest globalSetup file may return `(await holdTestServer()).release`.
 */
export async function holdTestServer(): Promise<{ release: () => Promise<void> }> {
  const { socket } = await hold()
  return {
    async release() {
      const closed = once(socket, 'close')
      socket.write('done\n')
      await closed
    },
  }
}

async function hold(): Promise<{ address: TestServerAddress; socket: Socket }> {
  const limit = Date.now() + START_TIMEOUT_MS
  let spawned = 0
  for (;;) {
    const socket = await tryConnect()
    if (socket) {
      const address = await readAddress(socket)
      if (address) return { address, socket }
    }
    if (Date.now() > limit) {
      throw new Error(`the test server did not start within ${START_TIMEOUT_MS} ms: ${readFileSync(logFile, 'utf8')}`)
    }
    // One keeper wins, the others leave at once; a crashed one is replaced.
    if (Date.now() - spawned > 5_000) {
      spawned = Date.now()
      startKeeper()
    }
    await sleep(50)
  }
}

/** Not with this process's own output: a pipe to it would stay open until the keeper leaves. */
function startKeeper(): void {
  mkdirSync(testFolder, { recursive: true })
  const log = openSync(logFile, 'w')
  spawn(process.execPath, [keeperFile], { detached: true, stdio: ['ignore', log, log] }).unref()
  closeSync(log)
}

function tryConnect(): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(leaseSocket)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

/** Undefined when the keeper was just leaving. */
function readAddress(socket: Socket): Promise<TestServerAddress | undefined> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.on('error', () => undefined)
    socket.once('close', () => resolve(undefined))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (!text.endsWith('\n')) return
      const { url, template, error }: Record<string, unknown> = JSON.parse(text)
      if (typeof url === 'string' && typeof template === 'string') resolve({ url, template })
      else reject(new Error(`the test server has no migrated template: ${error}`))
    })
  })
}
