import type { Command } from 'commander'
import { Option } from 'commander'
import { wholeNumber } from '../../number-option.ts'
import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { receivedTable } from './view.ts'

/** What a process does with the inbox of its project. */
export function addInbox(messages: Command, { session }: Verbs): void {
  messages
    .command('receive')
    .description('receive the messages that come first; acknowledge them in their time')
    .option('--limit <count>', 'at most so many, 1 to 1000', '10')
    .option('--for <seconds>', 'until another process receives them, 1 to 43200', '30')
    .action(async (options: { limit: string; for: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const received = await client.receiveMessages({
        params: { project: target.project ?? 'current' },
        body: {
          limit: wholeNumber('--limit', options.limit),
          visibleSeconds: wholeNumber('--for', options.for),
        },
      })
      current.output.data(received, ({ messages: some }) => receivedTable(some))
    })

  messages
    .command('ack')
    .description('acknowledge a message that was received: it is done')
    .argument('<delivery>', 'as it was received')
    .argument('<fence>', 'as it was received')
    .action(async (delivery: string, fence: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const deliveries = [{ delivery, fence: wholeNumber('<fence>', fence) }]
      const params = { project: target.project ?? 'current' }
      const answer = await client.ackMessages({ params, body: { deliveries } })
      current.output.data(answer, ({ acked }) =>
        acked === 1 ? `${delivery} is done` : `${delivery} is lost: its time was over`,
      )
    })

  messages
    .command('nack')
    .description('give a message back that was received')
    .argument('<delivery>', 'as it was received')
    .argument('<fence>', 'as it was received')
    .option('--error <text>', 'what went wrong')
    .option('--delay <ms>', 'milliseconds until it is received again; omitted: a pause that doubles')
    .addOption(
      new Option('--outcome <outcome>', 'dead: a dead letter; release: the attempt is not counted')
        .choices(['retry', 'dead', 'release'] as const)
        .default('retry'),
    )
    .action(
      async (
        delivery: string,
        fence: string,
        options: { error?: string; delay?: string; outcome: 'retry' | 'dead' | 'release' },
      ) => {
        const current = session()
        const { client, target } = await current.connect()
        const answer = await client.nackMessage({
          params: { project: target.project ?? 'current' },
          body: {
            delivery,
            fence: wholeNumber('<fence>', fence),
            outcome: options.outcome,
            ...(options.error === undefined ? {} : { error: options.error }),
            ...(options.delay === undefined ? {} : { delayMs: wholeNumber('--delay', options.delay) }),
          },
        })
        current.output.data(answer, ({ status }) => `${delivery} is ${status}`)
      },
    )

  messages
    .command('retry')
    .description('open a dead letter again, with all its attempts')
    .argument('<delivery>', 'as the list of dead letters shows it')
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const answer = await client.retryMessage({ params: { project: target.project ?? 'current', id } })
      current.output.data(answer, ({ retried }) => (retried ? `${id} is open again` : `${id} is no dead letter`))
    })

  messages
    .command('inbox')
    .description('how much is in the inbox')
    .action(async () => {
      const current = session()
      const { client, target } = await current.connect()
      const inbox = await client.getInbox({ params: { project: target.project ?? 'current' } })
      current.output.data(inbox, ({ ready, delayed, waiting, leased, dead, oldestAt }) =>
        formatFields([
          ['ready', String(ready)],
          ['delayed', String(delayed)],
          ['waiting', String(waiting)],
          ['held', String(leased)],
          ['dead', String(dead)],
          ['oldest', oldestAt ?? ''],
        ]),
      )
    })
}
