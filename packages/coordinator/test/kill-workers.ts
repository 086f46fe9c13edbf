import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { TestDatabase } from '@core/database/testing'
import { createCoordinator } from '../src/index.ts'

export interface KillOptions {
  readonly tasks: number
  readonly workers: number
  /** How many SIGKILLs and SIGSTOPs, in turn. */
  readonly signals: number
  /** Between two of them. */
  readonly everyMs: number
  /** How long a task takes at most. */
  readonly taskMs: number
  readonly limitMs: number
}

export interface KillReport {
  readonly kills: number
  readonly stops: number
  /** Ended as done. */
  readonly done: number
  /** Accepted results, as a trigger has counted them: as many as there are tasks. */
  readonly accepted: number
  readonly open: number
  /** Tasks that were claimed more than once. */
  readonly again: number
}

const leaseSeconds = 3
/** A frozen worker wakes after its lease is over. */
const frozenMs = leaseSeconds * 1000 + 800
const project = 'smart_layer'

/** Workers in processes of their own do tasks while they are killed and frozen; what became of the tasks. */
export async function killWorkers(
  on: TestDatabase,
  { tasks, workers, signals, everyMs, taskMs, limitMs }: KillOptions,
): Promise<KillReport> {
  const queue = `kill${tasks}`
  const coordinator = createCoordinator({ database: on.database, project })
  await on.sql(`create table public.accepted (task uuid not null);
    create function public.accept() returns trigger language plpgsql as $$
    begin insert into public.accepted values (new.id); return null; end $$;
    create trigger accepted after insert on core.task_done for each row when (new.status = 'done') execute function public.accept()`)
  for (let from = 0; from < tasks; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, tasks - from) }, () => ({
      kind: 'work',
      payload: { ms: Math.floor(Math.random() * taskMs) },
      maxAttempts: 100,
    }))
    await coordinator.tasks.enqueueMany(queue, batch)
  }
  const children = new Set<ChildProcess>()
  const working = new WeakSet<ChildProcess>()
  const start = () => {
    const child = fork(join(import.meta.dirname, 'worker-process.ts'), [on.url, queue, String(leaseSeconds), '1000'])
    children.add(child)
    child.on('message', () => working.add(child)) // that it is ready, then each task that it starts
    child.once('exit', () => children.delete(child))
  }
  for (let at = 0; at < workers; at++) start()
  const count = async (sql: string) => Number((await on.sql(sql))[0]?.['n'])
  const readOpen = () => count(`select count(*) as n from core.task where queue = '${queue}'`)
  const counts = { kills: 0, stops: 0 }
  const until = Date.now() + limitMs
  const waking: Promise<void>[] = []
  const frozen = new Set<ChildProcess>()
  try {
    while (Date.now() < until && (counts.kills + counts.stops < signals || (await readOpen()) > 0)) {
      await pause(everyMs)
      const ready = [...children].filter((child) => working.has(child) && !frozen.has(child))
      const child = ready[Math.floor(Math.random() * ready.length)]
      if (child === undefined || counts.kills + counts.stops >= signals) continue
      if (counts.kills <= counts.stops) {
        counts.kills++
        child.kill('SIGKILL')
        start()
      } else {
        counts.stops++
        frozen.add(child)
        child.kill('SIGSTOP')
        waking.push(
          pause(frozenMs).then(() => {
            child.kill('SIGCONT')
            frozen.delete(child)
          }),
        )
      }
    }
    await Promise.all(waking)
    await pause(500) // for those that woke to report what is refused
  } finally {
    for (const child of children) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }
  const done = `from core.task_done where queue = '${queue}'`
  return {
    ...counts,
    done: await count(`select count(*) as n ${done} and status = 'done'`),
    accepted: await count(`select count(*) as n from public.accepted`),
    open: await readOpen(),
    again: await count(`select count(*) as n ${done} and attempt > 1`),
  }
}
