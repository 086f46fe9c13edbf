import { callable, coordinatorReady } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'
import { ProblemError } from './problem-error.ts'

/** What a request waits for: one of these inboxes, queues or replies. */
export interface Awaited {
  readonly inboxes?: readonly string[]
  readonly queues?: readonly { readonly project: string; readonly queue: string }[]
  /** To a message that this project has sent. */
  readonly replies?: readonly { readonly project: string; readonly message: string }[]
}

export interface LongPoll<Answer> {
  /** Whose request it is. */
  readonly subject: string
  readonly awaited: Awaited
  readonly waitMs: number
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
  /** Asks once. */
  read(): Promise<Answer>
  isEmpty(answer: Answer): boolean
}

/** Requests that wait until there is something for them. One query a second serves all of them. */
export interface LongPolls extends AsyncDisposable {
  /** The first answer that is not empty, or the last one. @throws ProblemError rate_limited where too many wait. */
  poll<Answer>(request: LongPoll<Answer>): Promise<Answer>
  /** Answers all that wait, and from then on at once. */
  end(): void
  readonly waiting: number
}

export interface LongPollsDependencies {
  readonly database: Pick<Database, 'rpc' | 'listen'>
  readonly clock: Clock
  readonly logger: Logger
  readonly random?: () => number
  readonly everyMs?: number
  /** Of one credential, and of the process. */
  readonly limits?: { readonly subject: number; readonly all: number }
}

interface Waiter {
  readonly keys: readonly string[]
  wake(): void
}

/** After hints could not be listened for, they are tried again: the database may have been away for a moment. */
const listenAgainMs = 60_000

const inboxKey = (project: string) => `inbox ${project}`
const replyKey = (message: string) => `reply ${message}`
/** A hint names the project, not the message. */
const repliesKey = (project: string) => `replies ${project}`
const queueKey = (project: string, queue: string) => `queue ${project} ${queue}`

export function createLongPolls({
  database,
  clock,
  logger,
  random = Math.random,
  everyMs = 1_000,
  limits = { subject: 200, all: 5_000 },
}: LongPollsDependencies): LongPolls {
  const ending = new AbortController()
  /** Who waits for each thing, the first one first: one at a time is woken, for one message is for one process. */
  const waiters = new Map<string, Set<Waiter>>()
  const perSubject = new Map<string, number>()
  let waiting = 0
  let looking: Promise<void> | undefined
  let hints: Promise<AsyncDisposable | undefined> | undefined
  let listenAt = Number.NEGATIVE_INFINITY

  function wakeOne(key: string): void {
    const [first] = waiters.get(key) ?? []
    first?.wake()
  }

  function wakeAll(key: string): void {
    for (const waiter of waiters.get(key) ?? []) waiter.wake()
  }

  async function look(): Promise<void> {
    while (waiters.size > 0 && !ending.signal.aborted) {
      await clock.sleep(everyMs * (0.75 + random() / 4), { signal: ending.signal, unref: true }).catch(() => undefined)
      if (ending.signal.aborted) break
      const keys = [...waiters.keys()].map((key) => key.split(' '))
      const inboxes = keys.flatMap(([kind, project = '']) => (kind === 'inbox' ? [project] : []))
      const queues = keys.flatMap(([kind, project = '', queue = '']) => (kind === 'queue' ? [{ project, queue }] : []))
      try {
        const ready = await callable(database, coordinatorReady)(
          {
            inboxes,
            messages: keys.flatMap(([kind, message = '']) => (kind === 'reply' ? [message] : [])),
            projects: queues.map(({ project }) => project),
            queues: queues.map(({ queue }) => queue),
          },
          { signal: ending.signal },
        )
        for (const project of ready.inboxes) wakeOne(inboxKey(project))
        for (const message of ready.replies) wakeAll(replyKey(message))
        for (const { project, queue } of ready.queues) wakeOne(queueKey(project, queue))
      } catch (err) {
        if (!ending.signal.aborted) logger.debug({ err }, 'the look for those that wait has failed')
      }
    }
    looking = undefined
  }

  /** Inboxes and replies only: tasks are enqueued without a hint. */
  async function listen(): Promise<AsyncDisposable | undefined> {
    const onHint = (project: string) => {
      wakeAll(repliesKey(project))
      if (project === '' || project === '*') for (const key of waiters.keys()) wakeOne(key)
      else wakeOne(inboxKey(project))
    }
    return await database.listen('core_message', onHint, { signal: ending.signal }).catch((err: unknown) => {
      if (!ending.signal.aborted && listenAt < 0)
        logger.warn({ err }, 'no hints at messages: they are looked for once a second')
      listenAt = clock.monotonic() + listenAgainMs
      hints = undefined
      return undefined
    })
  }

  /** Resolves when there may be something, at the deadline, or when nothing is to be waited for any more. */
  async function sleepUntilWoken(keys: readonly string[], ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    const waiter: Waiter = { keys, wake: () => woken.abort() }
    for (const key of keys) {
      const there = waiters.get(key) ?? new Set()
      waiters.set(key, there.add(waiter))
    }
    looking ??= look()
    if (clock.monotonic() >= listenAt) hints ??= listen()
    try {
      const ends = AbortSignal.any([woken.signal, ending.signal, signal])
      await clock.sleep(ms, { signal: ends, unref: true }).catch(() => undefined)
    } finally {
      for (const key of keys) {
        const there = waiters.get(key)
        there?.delete(waiter)
        if (there?.size === 0) waiters.delete(key)
      }
    }
  }

  function enter(subject: string): Disposable {
    const own = perSubject.get(subject) ?? 0
    if (own >= limits.subject || waiting >= limits.all) {
      const most = own >= limits.subject ? `${limits.subject} of this credential` : `${limits.all} of this server`
      throw new ProblemError('rate_limited', `too many requests wait at once: ${most} are the most`, {
        headers: { 'retry-after': String(1 + Math.floor(random() * 3)) },
      })
    }
    perSubject.set(subject, own + 1)
    waiting++
    return {
      [Symbol.dispose]() {
        waiting--
        const left = (perSubject.get(subject) ?? 1) - 1
        if (left === 0) perSubject.delete(subject)
        else perSubject.set(subject, left)
      },
    }
  }

  return {
    get waiting() {
      return waiting
    },
    async poll({ subject, awaited, waitMs, signal, read, isEmpty }) {
      const until = clock.monotonic() + waitMs
      let answer = await read()
      if (waitMs === 0 || !isEmpty(answer) || ending.signal.aborted) return answer
      using _place = enter(subject)
      const keys = [
        ...(awaited.inboxes ?? []).map(inboxKey),
        ...(awaited.queues ?? []).map(({ project, queue }) => queueKey(project, queue)),
        ...(awaited.replies ?? []).flatMap(({ project, message }) => [repliesKey(project), replyKey(message)]),
      ]
      for (;;) {
        const leftMs = until - clock.monotonic()
        if (leftMs <= 0 || signal.aborted || ending.signal.aborted) return answer
        await sleepUntilWoken(keys, leftMs, signal)
        // Who is gone must not take anything with it.
        if (signal.aborted || ending.signal.aborted) return answer
        answer = await read()
        if (isEmpty(answer)) continue
        // There may be more where this came from.
        for (const key of keys) wakeOne(key)
        return answer
      }
    },
    end: () => ending.abort(),
    async [Symbol.asyncDispose]() {
      ending.abort()
      await looking
      await (await hints)?.[Symbol.asyncDispose]()
    },
  }
}
