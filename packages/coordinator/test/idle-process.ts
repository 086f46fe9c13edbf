// A process with idle loops, each of a kind of work of its own: half wait at the inbox, half are workers at an empty queue.
//   node idle-process.ts <database url> <project> <loops>
import { once } from 'node:events'
import { openDatabase } from '@core/database'
import { createCoordinator } from '../src/index.ts'

const [url = '', project = '', loops = '50'] = process.argv.slice(2)
await using database = await openDatabase({ driver: 'postgres', url, poolSize: 2 })
// Hints never come, as behind a pooler in transaction mode.
const coordinator = createCoordinator({ database: { rpc: database.rpc }, project })
const ending = new AbortController()
const reading = Array.from({ length: Number(loops) / 2 }, async () => {
  for await (const message of coordinator.messages.inbox({ signal: ending.signal })) {
    process.send?.({ took: Date.now() - Number(message.payload) })
    await message.ack()
  }
})
const working = await Promise.all(
  Array.from({ length: Number(loops) / 2 }, (_, at) =>
    coordinator.startWorker({
      queues: [`q${at}`],
      signals: [],
      handlers: async ({ payload }) => {
        process.send?.({ took: Date.now() - Number(payload) })
        return undefined
      },
    }),
  ),
)
process.send?.({ ready: true })
await once(process, 'message')
ending.abort()
await Promise.all([...reading, ...working.map((worker) => worker.stop())])
process.disconnect()
