// A worker of its own process. It adds a line to core_test.ran for each task that it was allowed to end.
//   node worker-process.ts <database url> <queue> <lease seconds> <drain ms> <block|plain>
import { openDatabase } from '@core/database'
import { createCoordinator } from '../src/index.ts'

const [url = '', queue = '', leaseSeconds = '3', drainMs = '1000', how = 'plain'] = process.argv.slice(2)
const config = { driver: 'postgres', url, poolSize: 2 } as const
const database = await openDatabase(config)
const coordinator = createCoordinator({ database, project: 'smart_layer' })
const worker = await coordinator.startWorker({
  queues: [queue],
  concurrency: 8,
  leaseSeconds: Number(leaseSeconds),
  drainMs: Number(drainMs),
  pollMs: 50,
  heartbeat: how === 'block' ? config : undefined,
  handlers: {
    async work({ payload, attempt }, { signal }) {
      const { ms = 0 } = Object(payload)
      process.send?.({ type: 'started', attempt })
      // Blocks the event loop: no timer of this thread fires meanwhile.
      if (how === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
      else await new Promise((resolve) => setTimeout(resolve, signal.aborted ? 0 : ms))
      return { pid: process.pid, attempt }
    },
  },
})
process.send?.({ type: 'ready' })
await worker.stopped
await database.close()
process.disconnect?.()
