import type { Database, JsonInput } from '@core/database'
import { type CallOptions, uuidv7 } from '@core/foundation'

export interface Hints {
  /** Wakes the other processes soon, once for the changes of a few milliseconds. */
  send(namespace: string): void
  /** Undefined where notifications do not arrive: a pooler in transaction mode accepts LISTEN and delivers nothing. */
  watch(onHint: () => void, namespace: string, options: CallOptions): Promise<AsyncDisposable | undefined>
  /** Sends what is still to be sent. */
  flush(): Promise<void>
}

export interface HintsDependencies {
  readonly database: object
  readonly listen: Database['listen']
  readonly call: (name: string, args: Readonly<Record<string, JsonInput>>, options: CallOptions) => Promise<unknown>
}

const channel = 'core_cache'
/** One hint at most in so long: those who hear it have one look for many changes. */
const gatherMs = 10
const sendLimitMs = 1_000
/** A notification of one's own that takes longer does not come. */
const selfTestMs = 2_000

export function createHints({ database, listen, call }: HintsDependencies): Hints {
  const origin = uuidv7()
  let waiting: string | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const namespace = waiting
    waiting = undefined
    if (namespace === undefined) return
    // A hint that is lost costs one poll.
    await call('cache_hint', { p_namespace: namespace, p_origin: origin }, { timeoutMs: sendLimitMs }).catch(
      () => undefined,
    )
  }

  return {
    flush,
    send(namespace) {
      waiting = namespace
      timer ??= setTimeout(() => void flush(), gatherMs).unref()
    },
    async watch(onHint, namespace, { signal }) {
      const probe = uuidv7()
      const { promise: arrived, resolve } = Promise.withResolvers<string | undefined>()
      let project: string | undefined
      const hear = (payload: string) => {
        if (payload.endsWith(`:${probe}`)) return resolve(payload.slice(0, -probe.length - 1))
        // An empty one: the connection was lost meanwhile.
        const isOfProject = project !== undefined && payload.startsWith(`${project}:`) && !payload.endsWith(origin)
        if (payload === '' || isOfProject) onHint()
      }
      const listening = await hearChannel({ database, listen }, hear, { signal, timeoutMs: selfTestMs })
      const limit = setTimeout(() => resolve(undefined), selfTestMs).unref()
      const onAbort = () => resolve(undefined)
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        await call('cache_hint', { p_namespace: namespace, p_origin: probe }, { signal, timeoutMs: selfTestMs })
        project = await arrived
      } catch {
        // The same as one that does not arrive.
      } finally {
        clearTimeout(limit)
        signal?.removeEventListener('abort', onAbort)
        if (project === undefined) await listening[Symbol.asyncDispose]()
      }
      return project === undefined ? undefined : listening
    },
  }
}

interface SharedListener {
  readonly hearers: Set<(payload: string) => void>
  readonly opening: Promise<AsyncDisposable>
}

/** The caches of a process share the listening connection of their database. */
const listeners = new WeakMap<object, SharedListener>()

async function hearChannel(
  { database, listen }: Pick<HintsDependencies, 'database' | 'listen'>,
  hear: (payload: string) => void,
  options: CallOptions,
): Promise<AsyncDisposable> {
  const shared = listeners.get(database) ?? open({ database, listen }, options)
  shared.hearers.add(hear)
  const leave = async () => {
    shared.hearers.delete(hear)
    if (shared.hearers.size > 0 || listeners.get(database) !== shared) return
    listeners.delete(database)
    await (await shared.opening)[Symbol.asyncDispose]()
  }
  try {
    await shared.opening
  } catch (error) {
    listeners.delete(database)
    throw error
  }
  return { [Symbol.asyncDispose]: leave }
}

function open(
  { database, listen }: Pick<HintsDependencies, 'database' | 'listen'>,
  options: CallOptions,
): SharedListener {
  const hearers = new Set<(payload: string) => void>()
  const hearAll = (payload: string) => {
    for (const hear of hearers) hear(payload)
  }
  const opened = { hearers, opening: listen(channel, hearAll, options) }
  listeners.set(database, opened)
  return opened
}
