import { join } from 'node:path'
import { createCoordinator } from '@core/coordinator'
import { openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { runSql, startPostgresServer } from '@core/database/testing'
import { makeWorkerUtils } from 'graphile-worker'
import { PgBoss } from 'pg-boss'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import { quantile } from '../statistics.ts'
import type { BenchContext, Suite } from '../suite.ts'
import { type Act, graphileQueue, ownQueue, pgBossQueue, silent, toContestant } from './contestants.ts'
import { goals } from './goals.ts'

const project = 'bench'
const acts = [
  ['enqueue', 'enqueue', goals.enqueue],
  ['enqueueBatch', 'enqueue 500 in a call', goals.enqueueBatch],
  ['work', 'claim and finish', goals.claimAndFinish],
  ['workBatch', 'claim and finish 500 in a call', goals.claimAndFinishBatch],
] as const satisfies readonly (readonly [Act, string, unknown])[]
const others = ['pg-boss', 'graphile-worker']

/** Queues beside pg-boss and graphile-worker on one server, messages, and claims on the embedded database. */
export const suite: Suite = {
  async run(context) {
    const { only, progress, folder } = context
    const sections = ['queues', 'messages', 'embedded']
    const unknown = only.filter((section) => !sections.includes(section))
    if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there is: ${sections.join(', ')}`)
    const isChosen = (section: string) => only.length === 0 || only.includes(section)
    const rows: Row[] = []
    if (isChosen('queues') || isChosen('messages')) {
      progress('starting a server')
      const server = await startPostgresServer({ folder: join(folder, 'server'), durable: true, migrated: true })
      try {
        if (isChosen('queues')) rows.push(...(await measureQueues(server.url(), context)))
        if (isChosen('messages')) rows.push(await measureMessages(server.url(), context))
      } finally {
        await server.stop()
      }
    }
    if (isChosen('embedded')) rows.push(...(await measureEmbedded(context)))
    return rows
  },
}

async function measureQueues(url: string, { measure: options, signal }: BenchContext): Promise<Row[]> {
  await using database = await openDatabase({ driver: 'postgres', url })
  await database.rpc('project_register', { p_name: project })
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false })
  await boss.start()
  const utils = await makeWorkerUtils({ connectionString: url, logger: silent })
  try {
    await utils.migrate()
    const queues = [
      ownQueue(createCoordinator({ database, project })),
      await pgBossQueue(boss),
      graphileQueue(utils, url),
    ]
    const rows: Row[] = []
    for (const [act, title, goal] of acts) {
      const measured = await measure(
        queues.map((queue) => toContestant(queue, act)),
        { ...options, signal },
      )
      for (const { name } of queues) rows.push(toRow(`${title}: ${name}`, measured.perSecond(name), 'tasks/s'))
      const [first = ''] = others.toSorted((a, b) => measured.perSecond(b) - measured.perSecond(a))
      rows.push(toRow(`${title}: core against ${first}`, measured.ratio('core', first).middle, 'x', goal))
    }
    return rows
  } finally {
    await utils.release()
    await boss.stop({ graceful: false })
  }
}

/** One after the other, to a loop of another connection that waits at an empty inbox. */
async function measureMessages(url: string, { isQuick }: BenchContext): Promise<Row> {
  await using database = await openDatabase({ driver: 'postgres', url })
  for (const p_name of ['sender', 'receiver']) await database.rpc('project_register', { p_name })
  await using other = await openDatabase({ driver: 'postgres', url })
  const sender = createCoordinator({ database, project: 'sender' })
  const receiver = createCoordinator({ database: other, project: 'receiver' })
  const times: number[] = []
  const ending = new AbortController()
  let received = Promise.withResolvers<void>()
  const receiving = (async () => {
    for await (const message of receiver.messages.inbox({ signal: ending.signal })) {
      times.push(performance.now() - Number(message.payload))
      await message.ack()
      received.resolve()
    }
  })()
  for (let at = 0; at < (isQuick ? 20 : 1_000); at++) {
    await new Promise((resolve) => setTimeout(resolve, 5)) // for the loop to wait again
    received = Promise.withResolvers()
    await sender.messages.send('receiver', 'ping', performance.now())
    await received.promise
  }
  ending.abort()
  await receiving
  return toRow('send to receive, p95', quantile(times, 0.95), 'ms', goals.sendToReceive)
}

/** Beside each claim a commit of one row, which no claim can be faster than on this disk. */
async function measureEmbedded({ isQuick, folder }: BenchContext): Promise<Row[]> {
  await using database = await openDatabase({ driver: 'embedded', dataDir: join(folder, 'embedded') })
  await migrateUp({ database })
  await database.rpc('project_register', { p_name: project })
  const { tasks } = createCoordinator({ database, project })
  const count = isQuick ? 50 : 2_000
  for (let left = count; left > 0; left -= 500) {
    await tasks.enqueueMany(
      'bench',
      Array.from({ length: Math.min(left, 500) }, () => ({ kind: 'k' })),
    )
  }
  await runSql(database, 'create table public.bench_commit as select 1 as n', [])
  const times: number[] = []
  const commits: number[] = []
  for (let at = 0; at < count; at++) {
    const begin = performance.now()
    await runSql(database, 'update public.bench_commit set n = n + 1', [])
    const since = performance.now()
    commits.push(since - begin)
    const [claimed] = await tasks.claim({ queues: ['bench'], worker: 'bench' })
    times.push(performance.now() - since)
    if (claimed === undefined) throw new Error('nothing to claim')
    await tasks.settle([{ task: claimed.id, fence: claimed.fence, outcome: 'done' }])
  }
  return [
    toRow('claim on the embedded database, p95', quantile(times, 0.95), 'ms', goals.embeddedClaim),
    toRow('claim on the embedded database, median', quantile(times, 0.5), 'ms'),
    toRow('a commit of one row there, p95', quantile(commits, 0.95), 'ms'),
    toRow('a commit of one row there, median', quantile(commits, 0.5), 'ms'),
  ]
}
