import type { Command } from 'commander'
import { wholeNumber } from '../../number-option.ts'
import type { Verbs } from '../../verbs.ts'

export function addTaskOperate(tasks: Command, { session }: Verbs): void {
  tasks
    .command('cancel')
    .description('cancel an open task, also one that is running; what needs it is blocked')
    .argument('<task>', 'its id')
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const ended = await client.cancelTask({ params: { project: target.project ?? 'current', id } })
      current.output.data(ended, ({ cancelled, status }) =>
        cancelled ? `${id} is cancelled` : `${id} was ${status} before`,
      )
    })

  tasks
    .command('retry')
    .description('open a dead or cancelled task again, with all its attempts')
    .argument('<task>', 'its id')
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const open = await client.retryTask({ params: { project: target.project ?? 'current', id } })
      current.output.data(open, ({ retried, status }) => (retried ? `${id} is open again` : `${id} is ${status}`))
    })

  tasks
    .command('limit')
    .description('set how many tasks of a group may run at a time; without a setting it is one')
    .argument('<queue>')
    .argument('<group>')
    .argument('<count>', '1 to 1000')
    .action(async (queue: string, group: string, count: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const set = await client.setTaskGroup({
        params: { project: target.project ?? 'current' },
        body: { queue, group, concurrency: wholeNumber('<count>', count) },
      })
      current.output.data(set, ({ concurrency }) => `${concurrency} of ${group} may run at a time`)
    })
}
