import { workTasks } from '@core/coordinator'
import { CoreError, type Logger } from '@core/foundation'
import { wholeNumber } from '../../number-option.ts'
import type { Verbs } from '../../verbs.ts'
import { createRestTasks } from './rest-tasks.ts'
import { runChild } from './run-child.ts'

interface WorkerOptions {
  queue: string[]
  concurrency: string
  lease: string
  drain: string
  poll: string
  name?: string
  owner?: string
}

const collect = (value: string, all: string[]) => [...all, value]

/** Each task runs in a process of its own, so that beats continue whatever it does. */
export function addWorker({ program, session }: Verbs): void {
  program
    .command('worker')
    .description('claim tasks and run a command for each; it reads the task as JSON and prints the result')
    .argument('<command...>', 'after --; exit code 0 is done, any other fails the attempt')
    .option('--queue <queue>', 'a queue to work on; may be repeated, served in turn', collect, [])
    .option('--concurrency <count>', 'tasks at a time, 1 to 1000', '1')
    .option('--lease <seconds>', 'until the task of a dead worker is claimed again, 3 to 86400', '90')
    .option('--drain <seconds>', 'how long to wait for what runs when stopped; the rest is released', '30')
    .option('--poll <ms>', 'between two looks at empty queues', '1000')
    .option('--name <name>', 'for people; omitted: host name and pid')
    .option('--owner <project>', 'the project that shares the queues; default: the own one')
    .action(async (command: string[], options: WorkerOptions) => {
      const current = session()
      if (options.queue.length === 0) {
        throw new CoreError('E_INVALID', 'a worker needs a queue', { fix: 'Name one: --queue index.' })
      }
      const { client, target } = await current.connect()
      const { io, output } = current
      const print = (facts: object, text = '') => output.info([text, said(facts)].filter(Boolean).join(': '))
      const logger: Logger = { debug() {}, info: print, warn: print, error: print, child: () => logger }
      const worker = await workTasks(
        { tasks: createRestTasks(client, target.project ?? 'current', options.owner), logger },
        {
          queues: options.queue,
          concurrency: wholeNumber('--concurrency', options.concurrency),
          leaseSeconds: wholeNumber('--lease', options.lease),
          drainMs: wholeNumber('--drain', options.drain) * 1000,
          pollMs: wholeNumber('--poll', options.poll),
          name: options.name,
          signals: [],
          handlers: async (task, { signal }) => {
            const result = await runChild(command, task, { signal, env: { ...io.env } })
            output.info(`${task.id} ${task.kind} is done`)
            return result
          },
        },
      )
      output.info(`working on ${options.queue.join(', ')}`)
      const stop = () => {
        void worker.stop()
        // The signal that stopped it is still being handled: the next one ends it at once.
        setImmediate(() => {
          for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
        })
      }
      if (io.signal.aborted) stop()
      else io.signal.addEventListener('abort', stop, { once: true })
      await worker.stopped
    })
}

function said(facts: object): string {
  const { err, ...rest } = Object(facts)
  const text = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`)
  return [...text, ...(err instanceof Error ? [err.message] : [])].join(', ')
}
