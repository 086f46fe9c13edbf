import { Worker } from 'node:worker_threads'
import type { DatabaseConfig, RpcOptions } from '@core/database'
import { CoreError } from '@core/foundation'
import type { TaskBeats, TaskBeatsDependencies } from './task-beats.ts'

/** What the thread is started with. */
export interface BeatThreadData {
  readonly config: DatabaseConfig
  readonly project: string | undefined
  readonly claims: RpcOptions['claims']
  readonly leaseSeconds: number
}

export type BeatThreadOrder =
  | { readonly op: 'hold' | 'drop'; readonly task: { readonly id: string; readonly fence: number } }
  | { readonly op: 'end' }

export type BeatThreadReport = { readonly op: 'ready' | 'ended' } | { readonly op: 'lost'; readonly id: string }

export interface ThreadBeatsOptions extends BeatThreadData, Pick<TaskBeatsDependencies, 'logger' | 'onLost'> {}

const startLimitMs = 30_000
const endLimitMs = 2_000

/**
 * Beats from a thread with a connection of its own: they continue while a handler blocks the event loop of this one.
 * @throws CoreError E_INVALID for an embedded database, which only the thread that opened it can use.
 */
export async function startThreadBeats({ logger, onLost, ...data }: ThreadBeatsOptions): Promise<TaskBeats> {
  if (data.config.driver === 'embedded') {
    throw new CoreError('E_INVALID', 'an embedded database cannot be reached from a second thread', {
      fix: 'Leave heartbeat out, or let the worker reach the control plane by its address.',
    })
  }
  const file = import.meta.url.endsWith('.ts') ? './beat-thread.ts' : './beat-thread.js'
  const thread = new Worker(new URL(file, import.meta.url), { workerData: data })
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const limit = setTimeout(
    () => ready.reject(new CoreError('E_TIMEOUT', 'the thread that beats did not start')),
    startLimitMs,
  )
  thread.on('message', (report: BeatThreadReport) => {
    if (report.op === 'ready') ready.resolve()
    else if (report.op === 'lost') onLost(report.id)
    else ended.resolve()
  })
  thread.on('error', (err) => {
    ready.reject(err)
    logger.error({ err }, 'the thread that beats has failed; tasks are lost when their leases end')
  })
  thread.on('exit', () => ended.resolve())
  try {
    await ready.promise
  } catch (error) {
    await thread.terminate()
    throw error
  } finally {
    clearTimeout(limit)
  }
  thread.unref()
  const send = (order: BeatThreadOrder) => thread.postMessage(order)
  return {
    hold: ({ id, fence }) => send({ op: 'hold', task: { id, fence } }),
    drop: ({ id, fence }) => send({ op: 'drop', task: { id, fence } }),
    async [Symbol.asyncDispose]() {
      send({ op: 'end' })
      const late = setTimeout(() => ended.resolve(), endLimitMs)
      await ended.promise
      clearTimeout(late)
      await thread.terminate()
    },
  }
}
