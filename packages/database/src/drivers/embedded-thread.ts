import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CoreError, isCoreError } from '@core/foundation'
import { toDatabaseError } from '../database-error.ts'
import { toDataDirError } from './data-dir-error.ts'
import type { EmbeddedReply, EmbeddedRequest, EmbeddedStart } from './embedded-protocol.ts'

type Answer = Extract<EmbeddedReply, { kind: 'rows' | 'dumped' }>
/** A request before it has its id, per kind. */
type Unnumbered = EmbeddedRequest extends infer Request ? (Request extends object ? Omit<Request, 'id'> : never) : never

export interface EmbeddedThread {
  send(request: Unnumbered): Promise<Answer>
  /** Ends the thread at once, as a crash would: what was answered is on disk, what was not is undone at the next start. */
  terminate(): Promise<void>
}

export interface EmbeddedThreadDependencies {
  start: EmbeddedStart
  onHint: (channel: string, payload: string) => void
  /** Called when the thread was open and ended unexpectedly. Everything in flight has been rejected. */
  onDeath: (error: CoreError) => void
}

// Run from source it is the TypeScript file; a published package holds the compiled one.
const workerUrl = new URL(`./embedded-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Starts the worker and waits until its database is open. */
export function startEmbeddedThread({ start, onHint, onDeath }: EmbeddedThreadDependencies): Promise<EmbeddedThread> {
  const worker = new Worker(workerUrl, { workerData: start, name: 'core-database' })
  const pending = new Map<number, { resolve: (answer: Answer) => void; reject: (error: CoreError) => void }>()
  let lastId = 0
  let opened = false
  let ended = false

  const thread: EmbeddedThread = {
    send(request) {
      if (ended) return Promise.reject(lost())
      const id = ++lastId
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject })
        worker.postMessage({ ...request, id })
      })
    },
    async terminate() {
      end(lost())
      await worker.terminate()
    },
  }

  function end(error: CoreError): boolean {
    if (ended) return false
    ended = true
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
    return true
  }

  return new Promise((resolve, reject) => {
    const die = (error: CoreError) => {
      reject(error)
      if (end(error) && opened) onDeath(error)
    }
    worker.on('error', (cause) => die(lost(cause)))
    worker.on('exit', () => die(lost()))
    worker.on('message', (reply: EmbeddedReply) => {
      switch (reply.kind) {
        case 'ready':
          opened = true
          return resolve(thread)
        case 'failed':
          ended = true
          void worker.terminate()
          return reject(cannotOpen(reply, start.folder))
        case 'hint':
          return onHint(reply.channel, reply.payload)
        case 'fault':
          pending.get(reply.id)?.reject(toDatabaseError('the database', reply.fault))
          return void pending.delete(reply.id)
        case 'rows':
        case 'dumped':
          pending.get(reply.id)?.resolve(reply)
          return void pending.delete(reply.id)
        default:
          reply satisfies never
      }
    })
  })
}

function lost(cause?: unknown): CoreError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new CoreError('E_DATABASE_UNAVAILABLE', `the thread of the embedded database ended${why}`, { cause })
}

function cannotOpen(
  { message, errno }: { readonly message: string; readonly errno: string | undefined },
  folder: string | undefined,
): CoreError {
  const refused = folder && toDataDirError(Object.assign(new Error(message), { code: errno }), dirname(folder))
  if (isCoreError(refused)) return refused
  return new CoreError('E_DATABASE_UNAVAILABLE', `the embedded database cannot be opened: ${message}`, {
    retryable: false,
    fix: folder
      ? `Restore ${folder} from a backup, or use the version of Core that made it. To start empty: core migrate reset, which moves it aside.`
      : 'Check that the machine has 256 MB of free memory.',
  })
}
