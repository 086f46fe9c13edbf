import { setTimeout } from 'node:timers/promises'
import { bundleProgram } from '@core/control-plane/testing'
import { createTestDatabase } from '@core/database/testing'
import { isObject } from '@core/foundation'
import { findFaults, untilReported, untilWorked } from '../src/books.ts'
import { type Acknowledged, runLoad } from '../src/load.ts'
import { openPlayground, type Playground, planeProgram } from '../src/playground.ts'
import { createTaskHandlers } from '../src/task-handlers.ts'

export interface KillOptions {
  readonly rounds: number
  readonly pauseMs: number
  /** Kills, spread over the load; the first ones meet each part once. */
  readonly kills: number
  readonly killEveryMs: number
  readonly random?: () => number
}

/** Runs both siblings under load while their processes and the control plane are killed, and gives what is wrong after it. */
export async function killSiblings({ rounds, pauseMs, kills, killEveryMs, random = Math.random }: KillOptions) {
  const database = await createTestDatabase()
  try {
    await using playground = await openPlayground(
      { CORE_DATABASE_URL: database.url },
      await bundleProgram(planeProgram),
    )
    const { plane, services } = playground
    const parts = [services.manus_origin, plane, services.smart_layer]
    async function kill(): Promise<void> {
      for (let count = 0; count < kills; count++) {
        await setTimeout(killEveryMs * (0.5 + random()))
        parts[count < parts.length ? count : Math.floor(random() * parts.length)]?.kill()
      }
    }
    const [done] = await Promise.all([runLoad(playground, { rounds, pauseMs }), kill()])
    await untilWorked(playground, done)
    const takenOverBy = await takeOver(playground, done)
    await cutOff(playground, done)
    for (const service of Object.values(services)) service.start() // manus_origin pays for what it did not do
    await untilWorked(playground, done)
    await untilReported(playground, done)
    const faults = await findFaults(playground, done)
    await playground.stopServices()
    return { faults, done, takenOverBy, restarts: parts.map(({ restarts }) => restarts) }
  } finally {
    await database.drop()
  }
}

/** Ends one service, and gives who worked on a task that came to its queue after that. */
async function takeOver(playground: Playground, done: Acknowledged): Promise<unknown> {
  const { services, cores } = playground
  await services.manus_origin.stop()
  const { tasks } = cores.manus_origin.coordinator
  const { id } = await tasks.enqueue('errands', { kind: 'errand', key: 'taken over', payload: { text: 'help' } })
  done.tasks.add(id)
  await untilWorked(playground, done)
  const { result } = await tasks.get(id)
  return isObject(result) ? result['by'] : undefined
}

/** A helper that has done all of a task but is cut off before it can say so: the owner of the queue works on it again. */
async function cutOff({ services, cores }: Playground, done: Acknowledged): Promise<void> {
  await services.smart_layer.stop()
  const { tasks } = cores.manus_origin.coordinator
  const { id } = await tasks.enqueue('errands', { kind: 'errand', key: 'cut off', payload: { text: 'again' } })
  done.tasks.add(id)
  const others = cores.smart_layer.coordinator.tasksOf('manus_origin')
  const [task] = await others.claim({ queues: ['errands'], worker: 'cut off' })
  if (task?.id !== id) throw new Error('the errand was not claimed')
  await createTaskHandlers(cores.smart_layer, 'manus_origin')['errand']?.(task, {
    signal: new AbortController().signal,
    progress: async () => undefined,
  })
  await others.settle([{ task: id, fence: task.fence, outcome: 'released' }])
}
