import type { listTasks } from '@core/api'
import { Argument, Option } from 'commander'
import type { z } from 'zod'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { parsePayload } from '../../payload.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { addTaskOperate } from './operate.ts'
import { taskFields, taskTable } from './view.ts'

type Query = z.output<(typeof listTasks)['input']['query']>
type Status = NonNullable<Query['status']>
const statuses = ['ready', 'scheduled', 'pending', 'blocked', 'running', 'done', 'dead', 'cancelled'] as const

interface EnqueueOptions extends EffectOptions {
  priority: string
  at?: string
  group?: string
  unique?: string
  need: string[]
  owner?: string
}

const collect = (value: string, all: string[]) => [...all, value]

export function addTasks({ program, session, exit }: Verbs): void {
  const tasks = program.command('tasks').description('queues of work, and what became of it')

  tasks
    .command('enqueue')
    .description('enqueue a task')
    .argument('<queue>')
    .argument('<kind>', 'which handler runs it')
    .argument('[payload]', 'JSON; omitted: {}')
    .option('--priority <number>', '0 to 1000; lower ones come first', '100')
    .option('--at <instant>', 'not before this RFC 3339 instant')
    .option('--group <name>', 'tasks of a group run one at a time, or as many as the group may')
    .option('--unique <name>', 'one open task of the queue at a time has it')
    .option('--need <task>', 'a task that has to be done first; may be repeated', collect, [])
    .option('--owner <project>', 'the project that shares the queue; default: the own one')
    .addOption(idempotencyKeyOption())
    .action(async (queue: string, kind: string, payload: string | undefined, options: EnqueueOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const body = {
        queue,
        kind,
        payload: parsePayload(payload ?? '{}'),
        priority: wholeNumber('--priority', options.priority),
        needs: options.need,
        ...(options.at === undefined ? {} : { runAt: options.at }),
        ...(options.group === undefined ? {} : { group: options.group }),
        ...(options.unique === undefined ? {} : { uniqueKey: options.unique }),
      }
      const params = { project: target.project ?? 'current' }
      const query = options.owner === undefined ? {} : { owner: options.owner }
      const made = await withKey(current, options, (call) => client.enqueueTask({ params, query, body }, call))
      current.output.data(made, ({ task, exists }) => (exists ? `${task} is open already` : `${task} is enqueued`))
    })

  tasks
    .command('list')
    .description('tasks, newest first: the open ones, or those of one status')
    .option('--queue <queue>', 'only of this queue')
    .addOption(new Option('--status <status>', 'omitted: all that are open').choices(statuses))
    .option('--limit <rows>', 'rows per page, 1 to 1000', '20')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions & { queue?: string; status?: Status }) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listTasks({ params: { project: target.project ?? 'current' }, query })
      current.output.data(list, ({ data }) => taskTable(data))
      printNextCursor(current, list.page.next)
    })

  tasks
    .command('show')
    .description('a task with its status, error and result')
    .addArgument(new Argument('<task>', 'its id'))
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      current.output.data(await client.getTask({ params: { project: target.project ?? 'current', id } }), taskFields)
    })

  tasks
    .command('stats')
    .description('how much is open, and how much is dead, in each queue')
    .action(async () => {
      const current = session()
      const { client, target } = await current.connect()
      const stats = await client.getTaskStats({ params: { project: target.project ?? 'current' } })
      current.output.data(stats, ({ queues }) =>
        queues.length === 0
          ? 'nothing is open'
          : formatTable(queues, [
              { title: 'QUEUE', cell: ({ queue }) => queue },
              { title: 'READY', align: 'right', cell: ({ ready }) => String(ready) },
              { title: 'WAITING', align: 'right', cell: ({ waiting }) => String(waiting) },
              { title: 'RUNNING', align: 'right', cell: ({ running }) => String(running) },
              { title: 'BLOCKED', align: 'right', cell: ({ blocked }) => String(blocked) },
              { title: 'DEAD', align: 'right', cell: ({ dead }) => String(dead) },
              { title: 'OLDEST', cell: ({ oldestAt }) => oldestAt ?? '' },
            ]),
      )
    })

  addTaskOperate(tasks, { program, session, exit })
}
