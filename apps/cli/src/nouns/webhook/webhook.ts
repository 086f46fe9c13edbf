import { isTopic, type Topic, topicNames } from '@core/api'
import { CoreError } from '@core/foundation'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { wholeNumber } from '../../number-option.ts'
import { formatFields, formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'

export function addWebhooks({ program, session, exit }: Verbs): void {
  const webhooks = program.command('webhooks').description('events of a project, sent to an address of yours')

  webhooks
    .command('list')
    .description('webhooks, with how far each topic has been delivered')
    .action(async () => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listWebhooks({ params: { project: target.project ?? 'current' } })
      current.output.data(list, ({ data }) =>
        formatTable(
          data.flatMap(({ topics, ...hook }) => topics.map((topic) => ({ ...hook, ...topic }))),
          [
            { title: 'NAME', cell: ({ name }) => name },
            { title: 'STATUS', cell: ({ status }) => status },
            { title: 'TOPIC', cell: ({ topic }) => topic },
            { title: 'DELIVERED', cell: ({ delivered }) => String(delivered) },
            { title: 'FAILURES', cell: ({ failures }) => String(failures) },
            { title: 'LAST ERROR', cell: ({ lastError, disabledReason }) => disabledReason ?? lastError ?? '' },
            { title: 'URL', cell: ({ url }) => url },
          ],
        ),
      )
    })

  webhooks
    .command('add')
    .description('create a webhook or change its address and topics; the secret is printed when it is created')
    .argument('<name>')
    .argument('<url>', 'an https address')
    .requiredOption('--topics <topics>', 'such as ledger.alert,key')
    .option('--disabled', 'keep it without sending')
    .action(async (name: string, url: string, options: { topics: string; disabled?: boolean }) => {
      const body = { url, topics: toTopics(options.topics), enabled: options.disabled !== true }
      const current = session()
      const { client, target } = await current.connect()
      const hook = await client.putWebhook({ params: { project: target.project ?? 'current', name }, body })
      current.output.data(
        hook,
        ({ secret, url: address, status, topics }) =>
          formatFields([
            ['secret', secret ?? 'was shown when the webhook was created'],
            ['url', address],
            ['status', status],
            ['topics', topics.map(({ topic }) => topic).join(', ')],
          ]),
        hook.secret === null ? {} : { shownOnce: true },
      )
    })

  webhooks
    .command('test')
    .description('send a signed test event now; exit code 1 if it is not received')
    .argument('<name>')
    .action(async (name: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const tested = await client.testWebhook({ params: { project: target.project ?? 'current', name } })
      current.output.data(tested, ({ delivered, error, milliseconds }) =>
        delivered ? `received in ${milliseconds} ms` : `not received: ${error}`,
      )
      if (!tested.delivered) exit(1)
    })

  webhooks
    .command('rotate')
    .description('replace the secret; both sign until the overlap ends')
    .argument('<name>')
    .option('--overlap <seconds>', 'how long the old secret still signs', '86400')
    .addOption(idempotencyKeyOption())
    .action(async (name: string, { overlap, ...options }: EffectOptions & { overlap: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current', name }
      const body = { overlapSeconds: wholeNumber('--overlap', overlap) }
      const rotated = await withKey(current, options, (call) => client.rotateWebhookSecret({ params, body }, call))
      current.output.data(
        rotated,
        ({ secret, overlapEndsAt }) =>
          formatFields([
            ['secret', secret ?? 'was shown by the first call with this key'],
            ['old secret signs until', overlapEndsAt ?? 'now'],
          ]),
        { shownOnce: true },
      )
    })

  webhooks
    .command('replay')
    .description('send the events after a sequence number again; enables the webhook')
    .argument('<name>')
    .argument('<after>', 'the seq of an event, or 0')
    .option('--topics <topics>', 'only these')
    .addOption(idempotencyKeyOption())
    .action(async (name: string, after: string, { topics, ...options }: EffectOptions & { topics?: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current', name }
      const body = {
        after: wholeNumber('<after>', after),
        ...(topics === undefined ? {} : { topics: toTopics(topics) }),
      }
      const hook = await withKey(current, options, (call) => client.replayWebhook({ params, body }, call))
      current.output.data(hook, () => `events after ${after} are sent to ${hook.url}`)
    })

  webhooks
    .command('remove')
    .description('remove a webhook; events that wait are not sent')
    .argument('<name>')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      await current.confirm(`${name} receives no more events.`, options)
      const gone = await client.removeWebhook({ params: { project: target.project ?? 'current', name } })
      current.output.data(gone, () => `${name} is removed`)
    })
}

function toTopics(text: string): Topic[] {
  return text.split(',').map((topic) => {
    if (isTopic(topic)) return topic
    throw new CoreError('E_INVALID', `${JSON.stringify(topic)} is not a topic`, {
      fix: `Topics are ${topicNames.join(', ')}.`,
    })
  })
}
