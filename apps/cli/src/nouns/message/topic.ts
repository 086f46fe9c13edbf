import type { Command } from 'commander'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addTopics(messages: Command, { session }: Verbs): void {
  messages
    .command('topics')
    .description('the topics to which the project is subscribed')
    .action(async () => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listSubscriptions({ params: { project: target.project ?? 'current' } })
      current.output.data(list, ({ topics }) =>
        topics.length === 0
          ? 'no subscriptions'
          : formatTable(topics, [
              { title: 'OWNER', cell: ({ owner }) => owner },
              { title: 'TOPIC', cell: ({ topic }) => topic },
              { title: 'SINCE', cell: ({ since }) => since },
            ]),
      )
    })

  messages
    .command('subscribe')
    .description('receive what is published to a topic')
    .argument('<topic>', 'topic:<name>, or topic:<project>/<name> of a project that shares it')
    .action(async (topic: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const made = await client.subscribeTopic({ params: { project: target.project ?? 'current' }, body: { topic } })
      current.output.data(made, ({ owner, topic: name }) => `subscribed to ${name} of ${owner}`)
    })

  messages
    .command('unsubscribe')
    .description('end a subscription')
    .argument('<topic>', 'as it was subscribed to')
    .action(async (topic: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const ended = await client.unsubscribeTopic({
        params: { project: target.project ?? 'current' },
        query: { topic },
      })
      current.output.data(ended, ({ removed }) =>
        removed ? `${topic} is ended` : `there was no subscription to ${topic}`,
      )
    })
}
