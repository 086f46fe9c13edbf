import { Option } from 'commander'
import { type EffectOptions, idempotencyKeyOption, withKey } from '../../effect.ts'
import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor, readPage } from '../../page.ts'
import { parsePayload } from '../../payload.ts'
import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { addInbox } from './inbox.ts'
import { addTopics } from './topic.ts'
import { messageFields, messageTable } from './view.ts'

type Priority = 'critical' | 'high' | 'normal' | 'low'
interface SendOptions extends EffectOptions {
  priority: Priority
  ttl: string
  replyTo?: string
  ordered?: boolean
  awaitReply?: boolean
}
interface ListOptions extends PageOptions {
  box: 'inbox' | 'acked' | 'dead' | 'sent'
  type?: string
  with?: string
}

export function addMessages({ program, session, exit }: Verbs): void {
  const messages = program.command('messages').description('messages between projects')

  messages
    .command('send')
    .description('send a message')
    .argument('<to>', 'a project, topic:<name>, topic:<project>/<name>, or * for every other project')
    .argument('<type>', 'what it is about, such as credits.low')
    .argument('[payload]', 'JSON; omitted: {}')
    .addOption(
      new Option('--priority <priority>', 'higher ones come first')
        .choices(['critical', 'high', 'normal', 'low'] as const)
        .default('normal'),
    )
    .option('--ttl <seconds>', 'after which it is a dead letter', '604800')
    .option('--reply-to <message>', 'the message that it answers')
    .option('--ordered', 'after the earlier ordered ones have ended')
    .option('--await-reply', 'keep the first reply for: core messages reply')
    .addOption(idempotencyKeyOption())
    .action(async (to: string, type: string, payload: string | undefined, options: SendOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const body = {
        to,
        type,
        payload: parsePayload(payload ?? '{}'),
        priority: options.priority,
        ttlSeconds: wholeNumber('--ttl', options.ttl),
        ordered: options.ordered ?? false,
        awaitReply: options.awaitReply ?? false,
        ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
      }
      const params = { project: target.project ?? 'current' }
      const sent = await withKey(current, options, (call) => client.sendMessage({ params, body }, call))
      current.output.data(sent, ({ message, recipients, skipped }) =>
        [`${message} is sent to ${recipients}`, skipped > 0 ? `, ${skipped} inboxes were full` : ''].join(''),
      )
    })

  messages
    .command('list')
    .description('the messages of the project, newest first')
    .addOption(
      new Option('--box <box>', 'inbox: open ones; acked and dead: ended ones; sent')
        .choices(['inbox', 'acked', 'dead', 'sent'] as const)
        .default('inbox'),
    )
    .option('--type <type>', 'only of this type')
    .option('--with <project>', 'only from this project; of sent ones, only to it')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '20')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: ListOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const params = { project: target.project ?? 'current' }
      const list = await readPage(query, (page) => client.listMessages({ params, query: page }))
      current.output.data(list, ({ data }) => messageTable(data))
      printNextCursor(current, list.page.next)
    })

  messages
    .command('show')
    .description('a message with what became of it')
    .argument('<message>', 'its id')
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const found = await client.getMessage({ params: { project: target.project ?? 'current', id } })
      current.output.data(found, messageFields)
    })

  messages
    .command('reply')
    .description('the reply to a message that awaits one')
    .argument('<message>', 'its id')
    .action(async (id: string) => {
      const current = session()
      const { client, target } = await current.connect()
      const found = await client.getMessageReply({ params: { project: target.project ?? 'current', id } })
      current.output.data(found, ({ status, error, reply }) =>
        formatFields([
          ['status', status],
          ['error', error ?? ''],
          ['reply', reply === null ? '' : JSON.stringify(reply.payload)],
        ]),
      )
    })

  addInbox(messages, { program, session, exit })
  addTopics(messages, { program, session, exit })
}
