import { type Clock, fullJitterMs, isCoreError, type Logger } from '@core/foundation'
import type { TaskOutcome, TaskReport, Tasks } from './tasks.ts'

export interface TaskReporter {
  /** Sends a report with those of others; undefined where it could not be sent while its claim could be alive. */
  report(report: TaskReport): Promise<TaskOutcome | undefined>
  /** Resolves once every report is answered or given up. */
  idle(): Promise<void>
}

export interface TaskReporterDependencies {
  readonly settle: Tasks['settle']
  /** Sends those that have gathered. */
  readonly settleMany: (reports: readonly TaskReport[]) => Promise<TaskOutcome[]>
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  /** After this long the claim is over, and the report would be refused. */
  readonly giveUpMs: number
}

interface Waiting {
  readonly report: TaskReport
  readonly since: number
  resolve(outcome: TaskOutcome | undefined): void
}

/** Reports that gather while one call is under way go with the next. A lost answer is asked for again: reports replay. */
export function createTaskReporter(dependencies: TaskReporterDependencies): TaskReporter {
  const { settle, settleMany, clock, random, logger, giveUpMs } = dependencies
  let waiting: Waiting[] = []
  let isSending = false
  let sending: Promise<void> = Promise.resolve()

  async function send(): Promise<void> {
    for (let failures = 0; waiting.length > 0; ) {
      const batch = waiting.slice(0, 1_000)
      try {
        const outcomes = await settleMany(batch.map(({ report }) => report))
        waiting = waiting.slice(batch.length)
        for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index])
        failures = 0
      } catch (err) {
        if (failures++ === 0) logger.warn({ err }, 'the results of tasks could not be reported')
        const isHopeless = isCoreError(err) && !err.retryable
        if (isHopeless && batch.length > 1) {
          await sendEach(batch)
          continue
        }
        const oldest = clock.monotonic() - giveUpMs
        const over = waiting.filter(({ since }) => isHopeless || since < oldest)
        waiting = waiting.filter((each) => !over.includes(each))
        for (const { resolve } of over) resolve(undefined)
        await clock.sleep(fullJitterMs(failures, { baseMs: 200, capMs: 5_000, random }))
      }
    }
    // Here, and not once the promise is settled: a report that comes in between would never be sent.
    isSending = false
  }

  /** One that the database refuses must not keep the others from being reported. */
  async function sendEach(batch: readonly Waiting[]): Promise<void> {
    waiting = waiting.filter((each) => !batch.includes(each))
    for (const { report, resolve } of batch) {
      await settle([report]).then(
        ([outcome]) => resolve(outcome),
        (err: unknown) => {
          logger.warn({ err, task: report.task }, 'the result of a task could not be reported')
          resolve(undefined)
        },
      )
    }
  }

  return {
    report: (report) =>
      new Promise((resolve) => {
        waiting.push({ report, since: clock.monotonic(), resolve })
        if (isSending) return
        isSending = true
        sending = send()
      }),
    async idle() {
      while (isSending) await sending
    },
  }
}
