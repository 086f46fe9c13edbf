import type { Clock, Logger } from '@core/foundation'
import type { ClaimedTask, Tasks } from './tasks.ts'

type Held = Pick<ClaimedTask, 'id' | 'fence'>

/** Renews the claims of the tasks that a process holds. */
export interface TaskBeats extends AsyncDisposable {
  hold(task: Held): void
  drop(task: Held): void
}

export interface TaskBeatsDependencies {
  readonly tasks: Pick<Tasks, 'beat'>
  readonly leaseSeconds: number
  readonly clock: Clock
  readonly logger: Logger
  /** Called with a task whose claim is over, by the database or because no beat has arrived for as long as the lease. */
  readonly onLost: (id: string) => void
}

/** Part of a lease after which a task without a beat is given up here, before the database gives it to another. */
const trusted = 0.9

/** Beats at a third of the lease, until it is disposed. */
export function startTaskBeats({ tasks, leaseSeconds, clock, logger, onLost }: TaskBeatsDependencies): TaskBeats {
  const held = new Map<string, Held & { renewedAt: number }>()
  const ending = new AbortController()
  const everyMs = (leaseSeconds * 1000) / 3

  function lose(id: string): void {
    if (held.delete(id)) onLost(id)
  }

  async function beat(): Promise<void> {
    const all = [...held.values()]
    for (let from = 0; from < all.length; from += 1_000) {
      const slice = all.slice(from, from + 1_000)
      const sentAt = clock.monotonic()
      const lost = new Set(
        await tasks.beat(slice, leaseSeconds, { signal: ending.signal, timeoutMs: Math.max(1_000, everyMs / 2) }),
      )
      for (const { id } of slice) {
        const entry = held.get(id)
        if (lost.has(id)) lose(id)
        else if (entry) entry.renewedAt = sentAt
      }
    }
  }

  async function keep(): Promise<void> {
    let isFailing = false
    while (!ending.signal.aborted) {
      const pauseMs = isFailing ? Math.min(1_000, everyMs) : everyMs
      await clock.sleep(pauseMs, { signal: ending.signal, unref: true }).catch(() => undefined)
      if (ending.signal.aborted) return
      try {
        await beat()
        isFailing = false
      } catch (err) {
        if (!isFailing && !ending.signal.aborted) logger.warn({ err }, 'the beats of tasks failed')
        isFailing = true
      }
      const oldest = clock.monotonic() - leaseSeconds * 1000 * trusted
      for (const { id, renewedAt } of [...held.values()]) if (renewedAt < oldest) lose(id)
    }
  }

  const keeping = keep()
  return {
    hold: (task) => void held.set(task.id, { ...task, renewedAt: clock.monotonic() }),
    drop: ({ id, fence }) => {
      if (held.get(id)?.fence === fence) held.delete(id)
    },
    async [Symbol.asyncDispose]() {
      ending.abort()
      await keeping
    },
  }
}
