import { isTopic, type Topic, topicNames, topics } from '@core/api'
import { createRealtimeClient, type RealtimeEvent, type RealtimeItem } from '@core/api/realtime'
import { CoreError } from '@core/foundation'
import { Argument } from 'commander'
import { wholeNumber } from '../../number-option.ts'
import type { Session } from '../../session.ts'
import type { Verbs } from '../../verbs.ts'

interface TailOptions {
  since?: string
  count?: string
}

export function addEvents({ program, session }: Verbs): void {
  program
    .command('events')
    .description('stream events')
    .command('tail')
    .description('stream events, one a line, until interrupted; a broken connection loses and repeats none')
    .addArgument(
      new Argument('[topics...]', 'topics to stream; omitted: all that the key may read')
        .choices(topicNames)
        .argParser(addTopic),
    )
    .option('--since <seq>', 'the seq of the last event seen; what followed is shown first')
    .option('--count <events>', 'stop after this many events')
    .action((wanted: Topic[], options: TailOptions) => tail(session(), wanted, options))
}

async function tail(current: Session, wanted: readonly Topic[], { since, count }: TailOptions): Promise<void> {
  const { client, target } = await current.connect()
  const { scopes } = await client.getMe()
  const heard = wanted.length > 0 ? wanted : topicNames.filter((name) => scopes.includes(topics[name].scope))
  const limit = count === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--count', count)
  const from = since === undefined ? {} : { since: { seq: wholeNumber('--since', since) } }
  if (target.key === undefined) throw new CoreError('E_UNAUTHENTICATED', 'hearing of events needs a key')

  await using realtime = createRealtimeClient({ url: target.url, key: target.key, project: target.project })
  const ended = new AbortController()
  const signal = AbortSignal.any([current.io.signal, ended.signal])
  let shown = 0
  const follow = async (topic: Topic) => {
    for await (const item of realtime.subscribe(topic, { ...from, signal })) {
      show(current, topic, item)
      if (item.kind === 'event' && ++shown >= limit) ended.abort()
      if (signal.aborted) return
    }
  }
  try {
    await Promise.all(heard.map(follow))
  } finally {
    ended.abort()
  }
}

function show({ output }: Session, topic: Topic, item: RealtimeItem): void {
  if (item.kind === 'resync') {
    output.info(`${topic}: events before ${item.seq} are not known any more (${item.reason}); what follows is new`)
  } else output.text(output.isJson ? JSON.stringify(toRow(item)) : toLine(item))
}

function toRow({ kind: _, ...event }: RealtimeEvent): object {
  return event
}

function toLine({ at, topic, type, project, seq, data }: RealtimeEvent): string {
  return `${at}  ${seq}  ${topic} ${type}  ${project ?? 'all projects'}  ${JSON.stringify(data)}`
}

function addTopic(name: string, before: readonly Topic[] = []): Topic[] {
  if (isTopic(name)) return [...before, name]
  throw new CoreError('E_INVALID', `${JSON.stringify(name)} is not a topic`, {
    fix: `Choose of ${topicNames.join(', ')}.`,
  })
}
