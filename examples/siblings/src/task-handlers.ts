import { callable, taskList } from '@core/api/functions'
import type { ClaimedTask, TaskHandler } from '@core/coordinator'
import { CoreError, isObject } from '@core/foundation'
import { credits } from '@core/ledger'
import type { Core } from '@core/sdk'

/** What a task costs besides its model calls. */
export const fee = credits(0.05)

/** Works on tasks of this queue's owner: a project and its sibling know the same kinds. */
export type CreateTaskHandlers = (core: Core, owner: string) => Readonly<Record<string, TaskHandler>>

/**
 * The kinds of both siblings. The project of the queue pays for a task and reports its end, each once however often it is
 * started: their keys are the task's id, and a key belongs to a project. If who works paid, a task that a sibling had worked
 * on when it was cut off would be paid by both. So a helper returns its result, and the owner pays when it is back.
 */
export const createTaskHandlers: CreateTaskHandlers = (core, owner) => {
  const run: TaskHandler = async (task, { signal }) => {
    const text = isObject(task.payload) ? String(task.payload['text']) : ''
    const work = async () => {
      const messages = [{ role: 'user' as const, content: `${task.kind}: ${text}` }]
      return (await core.llm.chat({ messages, maxOutputTokens: 40 }, { signal })).content
    }
    const answer = owner === core.project ? await payFor(core, task, work, signal) : await work()
    return { text: answer, by: core.project }
  }
  return { essay: run, errand: run }
}

/** Pays for the tasks of a queue that are done, for those that a sibling has worked on. `paid`: what needs no look again. */
export async function payForDone(core: Core, queue: string, paid: Set<string>, signal: AbortSignal): Promise<void> {
  const list = callable(core, taskList)
  for (let before: string | undefined; ; ) {
    const { tasks, next } = await list({ queue, status: 'done', before }, { signal })
    for (const { task: id, kind } of tasks) {
      if (paid.has(id)) continue
      await payFor(core, { id, kind }, async () => undefined, signal)
      paid.add(id)
    }
    if (next === null) return
    before = next
  }
}

/** The fee is held while the work runs. */
async function payFor<Answer>(
  core: Core,
  { id, kind }: Pick<ClaimedTask, 'id' | 'kind'>,
  work: () => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  const outcome = await core.ledger.withHold(
    { account: core.project, max: fee, key: `task ${id}`, ttlSeconds: 5, metadata: { task: id, kind } },
    async (hold) => {
      const answer = await work()
      hold.meter(fee)
      return answer
    },
    { signal },
  )
  if (outcome.status !== 'done') {
    throw new CoreError('E_CONFLICT', `the task is not paid: ${outcome.status}`, {
      details: { reason: outcome.status },
    })
  }
  await core.coordinator.messages.send('smart_layer', 'task.done', { task: id }, { key: `done ${id}` })
  return outcome.value
}
