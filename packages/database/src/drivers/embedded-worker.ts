// The thread in which PGlite runs: in the main thread it starves the event loop while it works.
import { fsyncSync } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite, protocol } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { vector } from '@electric-sql/pglite-pgvector'
import type { DatabaseFault } from '../database-error.ts'
import { requireOwnMajor } from './data-folder.ts'
import type { EmbeddedReply, EmbeddedRequest, EmbeddedStart } from './embedded-protocol.ts'
import { createEmbeddedStatements, type EmbeddedStatements } from './embedded-statements.ts'
import { makePrivate } from './private-folder.ts'

if (!parentPort) throw new Error('embedded-worker runs as a worker thread only')
const port = parentPort
const start: EmbeddedStart = workerData

/** What Emscripten calls the refusals of a file system. */
const wasiErrnos: Readonly<Record<number, string>> = { 2: 'EACCES', 51: 'ENOSPC', 63: 'EPERM', 69: 'EROFS' }

/** The same in the words of Postgres, which PGlite only prints: it throws that it failed to initialize. */
const refusals: Readonly<Record<string, string>> = {
  'No space left on device': 'ENOSPC',
  'Read-only file system': 'EROFS',
  'Permission denied': 'EACCES',
  'Operation not permitted': 'EPERM',
}
let lastWords: string | undefined
const onStderr = (line: string): boolean => {
  lastWords = /\b(?:FATAL|PANIC): +(.+)/.exec(line)?.[1] ?? lastWords
  return false
}

// Not Postgres' 128 MB of buffers: its wasm build fills them all with zeros, and the system caches the files anyway.
const params = [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB']

// PGlite ships with fsync off ("-F"). Its wasm build also answers fdatasync without doing it, so the log is written
// with fsync, which withFsync below makes real.
const durable = [...params.filter((param) => param !== '-F'), '-c', 'wal_sync_method=fsync']

// Offered to `create extension`, and needed to open a database that has it.
const extensions = { vector }

try {
  const database = start.folder === undefined ? await openMemory(start.snapshot) : await openFolder(start.folder)
  database.onNotification((channel, payload) => reply({ kind: 'hint', channel, payload }))
  const statements = createEmbeddedStatements(database)
  port.on('message', (request: EmbeddedRequest) => answer(database, statements, request))
  reply({ kind: 'ready' })
} catch (error) {
  const errno = errnoOf(error) ?? refusals[lastWords?.split(': ').at(-1) ?? '']
  reply({
    kind: 'failed',
    message: lastWords ?? (error instanceof Error ? error.message : (errno ?? String(error))),
    errno,
  })
}

/** Node names what a file system refused; Emscripten throws the numbers of WASI, in objects that are no errors. */
function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string') return code
  const number: unknown = Reflect.get(error, 'errno')
  return typeof number === 'number' ? wasiErrnos[number] : undefined
}

function openMemory(snapshot: Uint8Array | undefined): Promise<PGlite> {
  return PGlite.create({
    startParams: params,
    extensions,
    onStderr,
    ...(snapshot && { loadDataDir: new Blob([Uint8Array.from(snapshot)]) }),
  })
}

/** A cluster is created under another name and renamed when complete, so that a crash in between leaves none. */
async function openFolder(folder: string): Promise<PGlite> {
  const exists = await stat(join(folder, 'PG_VERSION')).then(
    () => true,
    () => false,
  )
  if (!exists) {
    const unfinished = `${folder}.new`
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true, mode: 0o700 })
    const created = await PGlite.create({ fs: withFsync(unfinished), startParams: durable, extensions, onStderr })
    await created.close()
    await rename(unfinished, folder)
  }
  requireOwnMajor(folder)
  await makePrivate(folder)
  return PGlite.create({ fs: withFsync(folder), startParams: durable, extensions, onStderr, relaxedDurability: false })
}

/** PGlite's folder without a way to sync a file: Emscripten's NODEFS has none, so fsync would do nothing. */
function withFsync(folder: string): NodeFS {
  const files = new NodeFS(folder)
  const init = files.init.bind(files)
  files.init = async (database, options) => {
    const { emscriptenOpts } = await init(database, options)
    const addFsync = (module: { NODEFS: object }) => {
      const operations: Record<string, unknown> = Reflect.get(module.NODEFS, 'stream_ops')
      operations['fsync'] = (stream: { nfd: number }) => {
        fsyncSync(stream.nfd)
        return 0
      }
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), addFsync] } }
  }
  return files
}

async function answer(database: PGlite, statements: EmbeddedStatements, request: EmbeddedRequest): Promise<void> {
  const { id } = request
  try {
    switch (request.kind) {
      case 'query':
        return reply({ kind: 'rows', id, rows: await statements.run(request.sql, request.params) })
      case 'kept_query':
        return reply({ kind: 'rows', id, rows: await statements.runKept(request.sql, request.params) })
      case 'execute':
        await database.exec(request.sql)
        return reply({ kind: 'rows', id, rows: [] })
      case 'dump': {
        const dump = await database.dumpDataDir('none')
        return reply({ kind: 'dumped', id, snapshot: new Uint8Array(await dump.arrayBuffer()) })
      }
      case 'close':
        await database.close()
        return reply({ kind: 'rows', id, rows: [] })
      default:
        request satisfies never
    }
  } catch (error) {
    reply({ kind: 'fault', id, fault: toFault(error) })
  }
}

function toFault(error: unknown): DatabaseFault {
  if (error instanceof protocol.messages.DatabaseError) {
    return { code: error.code, message: error.message, detail: error.detail, hint: error.hint }
  }
  return { message: error instanceof Error ? error.message : String(error) }
}

function reply(message: EmbeddedReply): void {
  port.postMessage(message)
}
