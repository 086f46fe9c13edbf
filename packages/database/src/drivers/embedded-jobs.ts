import type { DatabaseLoad } from '../database.ts'
import type { EmbeddedThread } from './embedded-thread.ts'

export interface EmbeddedJobsDependencies {
  /** The thread that runs jobs; undefined while there is none. */
  thread: () => EmbeddedThread | undefined
  /** Called with the milliseconds that a job waited for its turn. */
  onWait: (ms: number) => void
}

/** What waits for the thread, in order. */
export interface EmbeddedJobs {
  /** Runs `work` when its turn comes, `alone` or beside others; a job whose caller gives up before that is removed. */
  enqueue<Value>(alone: boolean, work: (thread: EmbeddedThread) => Promise<Value>, signal: AbortSignal): Promise<Value>
  /** Begins the jobs whose turn has come. */
  pump(): void
  /** Rejects all jobs that have not begun. */
  refuseAll(error: unknown): void
  load(): DatabaseLoad
}

/**
 * Statements sent to the thread in advance: enough that it never waits for the next, few enough to withdraw the rest.
 */
const WINDOW = 8

interface Job {
  alone: boolean
  begin: (thread: EmbeddedThread) => void
  refuse: (error: unknown) => void
}

export function createEmbeddedJobs({ thread, onWait }: EmbeddedJobsDependencies): EmbeddedJobs {
  const jobs: Job[] = []
  let active = 0
  let aloneActive = false
  /** When the thread last answered: a statement sent to it before then begins then. */
  let answeredAt = 0

  function pump(): void {
    for (let job = jobs[0], current = thread(); job && current; job = jobs[0], current = thread()) {
      if (aloneActive || (job.alone ? active > 0 : active >= WINDOW)) return
      jobs.shift()
      job.begin(current)
    }
  }

  return {
    enqueue(alone, work, signal) {
      if (signal.aborted) return Promise.reject(signal.reason)
      const askedAt = performance.now()
      return new Promise((resolve, reject) => {
        const job: Job = {
          alone,
          begin(current) {
            signal.removeEventListener('abort', leave)
            active++
            aloneActive = alone
            const sentAt = performance.now()
            work(current)
              .then(resolve, reject)
              .finally(() => {
                onWait(Math.max(sentAt, answeredAt) - askedAt)
                answeredAt = performance.now()
                active--
                if (alone) aloneActive = false
                pump()
              })
          },
          refuse(error) {
            signal.removeEventListener('abort', leave)
            reject(error)
          },
        }
        const leave = () => {
          jobs.splice(jobs.indexOf(job), 1)
          onWait(performance.now() - askedAt)
          reject(signal.reason)
          pump()
        }
        signal.addEventListener('abort', leave, { once: true })
        jobs.push(job)
        pump()
      })
    },
    pump,
    refuseAll(error) {
      for (const job of jobs.splice(0)) job.refuse(error)
    },
    // The thread runs one statement at a time, however many were sent to it in advance.
    load: () => ({ running: Math.min(active, 1), waiting: jobs.length + Math.max(0, active - 1), capacity: 1 }),
  }
}
