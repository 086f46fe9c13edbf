// The thread of startThreadBeats: beats for the tasks that the main thread names, over a connection of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase } from '@core/database'
import { silentLogger, systemClock } from '@core/foundation'
import { createProjectPort } from './project-port.ts'
import { startTaskBeats } from './task-beats.ts'
import { createTasks } from './tasks.ts'
import type { BeatThreadData, BeatThreadOrder, BeatThreadReport } from './thread-beats.ts'

const { config, project, claims, leaseSeconds }: BeatThreadData = workerData
const report = (message: BeatThreadReport) => parentPort?.postMessage(message)

const database = await openDatabase(config.driver === 'postgres' ? { ...config, poolSize: 1 } : config)
const beats = startTaskBeats({
  tasks: createTasks(createProjectPort({ database, claims }), project),
  leaseSeconds,
  clock: systemClock,
  logger: silentLogger,
  onLost: (id) => report({ op: 'lost', id }),
})

parentPort?.on('message', async (order: BeatThreadOrder) => {
  if (order.op !== 'end') return beats[order.op](order.task)
  await beats[Symbol.asyncDispose]()
  await database.close()
  report({ op: 'ended' })
  parentPort?.close()
})
report({ op: 'ready' })
