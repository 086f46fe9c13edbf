import { randomUUID } from 'node:crypto'
import { chmod, open, rename, rm, symlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'

/**
 * What a socket says about its holder. The kernel answers, not the holder: also for one that is stopped or busy, and
 * across pid namespaces and containers. `missing`: there is no such socket.
 */
export type SocketState = 'alive' | 'dead' | 'missing'

/** The address of a Unix socket has 108 bytes on Linux and 104 elsewhere, with a zero at the end. */
const MAX_ADDRESS_BYTES = 103
const PROBE_TIMEOUT_MS = 2_000

/**
 * Binds a socket that lives as long as this process. Undefined where the system or the file system has none. It is bound
 * under another name first: it appears when it takes connections, and Node, which removes the name it has bound when the
 * process exits, leaves this one, so that a process that exits without a release is seen to be dead.
 */
export async function bindLockSocket(path: string): Promise<AsyncDisposable | undefined> {
  if (process.platform === 'win32') return undefined
  const unready = `${path}.new`
  try {
    return await withAddress(unready, async (address) => {
      const server = createServer((socket) => socket.destroy())
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ path: address, exclusive: true }, resolve)
      })
      server.on('error', () => undefined) // it has nothing to do but to be there
      server.unref()
      await chmod(unready, 0o600)
      await rename(unready, path)
      return {
        async [Symbol.asyncDispose]() {
          await rm(path, { force: true })
          await new Promise((resolve) => server.close(resolve))
        },
      }
    })
  } catch {
    for (const name of [unready, path]) await rm(name, { force: true }).catch(() => undefined)
    return undefined
  }
}

export async function probeLockSocket(path: string): Promise<SocketState> {
  const code = await withAddress(path, connectTo).catch((error: unknown) => codeOf(error))
  if (code === 'ECONNREFUSED') return 'dead'
  // Everything else says that something is bound there: connected, a full backlog, a socket of another user.
  return code === 'ENOENT' || code === 'ENOTSOCK' ? 'missing' : 'alive'
}

function connectTo(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path: address })
    const settle = (code: string | undefined) => {
      socket.destroy()
      resolve(code)
    }
    socket.setTimeout(PROBE_TIMEOUT_MS, () => settle('ETIMEDOUT'))
    socket.once('connect', () => settle(undefined))
    socket.once('error', (error) => settle(codeOf(error)))
  })
}

/** Calls `work` with a path to the same place that is short enough for the address of a socket. */
async function withAddress<Value>(path: string, work: (address: string) => Promise<Value>): Promise<Value> {
  if (Buffer.byteLength(path) <= MAX_ADDRESS_BYTES) return await work(path)
  const folder = dirname(path)
  if (process.platform === 'linux') {
    await using handle = await open(folder, 'r')
    return await work(`/proc/self/fd/${handle.fd}/${basename(path)}`)
  }
  const shortcut = join('/tmp', `core-${randomUUID().slice(0, 8)}`)
  await symlink(folder, shortcut)
  try {
    return await work(join(shortcut, basename(path)))
  } finally {
    await rm(shortcut, { force: true })
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? String(Reflect.get(error, 'code')) : undefined
}
