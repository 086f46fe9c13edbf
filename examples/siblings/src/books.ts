import { setTimeout } from 'node:timers/promises'
import { isCoreError, isObject } from '@core/foundation'
import type { Core } from '@core/sdk'
import type { Acknowledged } from './load.ts'
import { type Playground, siblings } from './playground.ts'
import { fee } from './task-handlers.ts'

const waitMs = 150_000

/** What became of a task; the project that has it answers. */
async function statusOf({ cores }: Pick<Playground, 'cores'>, id: string): Promise<string> {
  for (const project of siblings) {
    const task = await cores[project].coordinator.tasks.get(id).catch((error: unknown) => {
      if (isCoreError(error, 'E_NOT_FOUND')) return undefined
      throw error
    })
    if (task !== undefined) return task.status
  }
  return 'missing'
}

/** Waits until every task is done. */
export async function untilWorked(playground: Pick<Playground, 'cores'>, { tasks }: Acknowledged): Promise<void> {
  const until = performance.now() + waitMs
  for (const id of tasks) {
    while ((await statusOf(playground, id).catch(() => 'unknown')) !== 'done') {
      if (performance.now() > until) throw new Error(`the task ${id} is not done after ${waitMs} ms`)
      await setTimeout(100)
    }
  }
}

/** Waits until every task is paid and reported as well, for which the project of its queue has to be there. */
export async function untilReported({ cores }: Pick<Playground, 'cores'>, { tasks }: Acknowledged): Promise<void> {
  const until = performance.now() + waitMs
  for (;;) {
    const { reported } = await readReports(cores.smart_layer)
    const missing = [...tasks].filter((id) => !reported.has(id))
    if (missing.length === 0) return
    if (performance.now() > until) throw new Error(`${missing.join()} not reported after ${waitMs} ms`)
    await setTimeout(200)
  }
}

async function readReports({ coordinator }: Core): Promise<{ reported: Set<string>; messages: number }> {
  const reported = new Set<string>()
  let messages = 0
  for (const box of ['inbox', 'acked'] as const) {
    for await (const { payload, message } of coordinator.messages.list({ box, type: 'task.done' })) {
      reported.add(isObject(payload) ? String(payload['task']) : message)
      messages++
    }
  }
  return { reported, messages }
}

/** Compares what was acknowledged with what every noun keeps. Empty where everything is as it has to be. */
export async function findFaults({ cores, owner }: Playground, done: Acknowledged): Promise<string[]> {
  const faults: string[] = []
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      faults.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
  }
  const { smart_layer: smart } = cores

  const statuses = await Promise.all([...done.tasks].map((id) => statusOf({ cores }, id)))
  expect(
    'tasks that are not done',
    statuses.filter((status) => status !== 'done'),
    [],
  )

  // The ledger: each task is paid once, nothing is lost, and the journal is as it was written.
  const range = { from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + 60_000), bucket: 'total' } as const
  let fees = 0
  for (const project of siblings) {
    const usage = await cores[project].ledger.usage({ account: project, by: ['kind'], ...range })
    if (usage.status !== 'usage') faults.push(`${project} has no usage`)
    else for (const { group, charged } of usage.rows) if (group[0] !== null) fees += charged
  }
  expect('fees of tasks', fees, done.tasks.size * fee)
  const audit = await owner.auditLedger()
  if (!audit.clean) faults.push(`the audit found ${JSON.stringify(audit)}`)
  await owner.sealLedger({})
  const { valid } = await owner.verifyLedger({})
  if (!valid) faults.push('the seal is broken')
  const { granted, spent, held, available } = await owner.getBalance({ params: { project: 'pool', code: 'pool' } })
  expect('credits of the pool', (spent ?? 0) + held + available, granted)

  // Messages: one for each task.
  const { reported, messages } = await readReports(smart)
  expect('messages about tasks', [messages, reported.size], [done.tasks.size, done.tasks.size])

  // Embeddings and cache: what was acknowledged is there.
  const documents = new Set<string>()
  for await (const { id } of smart.embeddings.space('notes').documents()) documents.add(id)
  expect(
    'notes that are missing',
    [...done.notes].filter((id) => !documents.has(id)),
    [],
  )
  const answers = await smart.cache.getMany([...done.questions].map((question) => `answer ${question}`))
  expect(
    'answers that are kept',
    [...answers.values()].filter((answer) => answer !== undefined).length,
    done.questions.size,
  )

  // Insights: one of each, adopted by the other.
  const insights = []
  for await (const { project, adopted } of smart.coordinator.insights.list()) insights.push([project, adopted])
  expect('insights', insights.sort(), siblings.map((project) => [project, 1]).sort())
  return faults
}
