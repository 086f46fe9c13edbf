import { type AcceptedOf, callable, fileSweep, fileSwept } from '@core/api/functions'
import type { Database } from '@core/database'
import type { Logger } from '@core/foundation'
import { objectKey, type Stores } from './stores.ts'

const atOnce = 100
const deleteTimeoutMs = 5_000

type Place = AcceptedOf<typeof fileSweep>['objects'][number]

/**
 * Deletes from their stores what has no row any more. Each control plane takes what is in its own stores, and what could
 * not be deleted is taken again minutes later. Several may do it: deleting twice is deleting.
 */
export function createFileSweep(database: Pick<Database, 'rpc'>, stores: Stores, logger: Logger) {
  const sweep = callable(database, fileSweep)
  const swept = callable(database, fileSwept)

  async function deleteObjects(objects: readonly Place[], signal: AbortSignal): Promise<number> {
    const gone: Place[] = []
    // All at once: a store that does not answer keeps the others waiting for one time limit, not for one each.
    const deleting = objects.map(async (place) => {
      const store = await stores.named(place.store)
      await store?.storage.delete(objectKey(place), { signal, timeoutMs: deleteTimeoutMs })
      gone.push(place)
    })
    for (const outcome of await Promise.allSettled(deleting)) {
      if (outcome.status === 'fulfilled') continue
      logger.debug({ component: 'file', err: outcome.reason }, 'an object could not be deleted')
    }
    if (gone.length === 0) return 0
    const lists = { objects: gone.map(({ object }) => object), stores: gone.map(({ store }) => store) }
    return (await swept(lists, { signal })).removed
  }

  return async (signal: AbortSignal): Promise<number> => {
    let total = 0
    while (!signal.aborted) {
      const { objects, forgotten, remaining } = await sweep({ stores: stores.names, limit: atOnce }, { signal })
      const removed = await deleteObjects(objects, signal)
      total += removed
      // Where nothing can be deleted, as of a store that is away, the next run is soon enough.
      if (!remaining || (objects.length > 0 && removed + forgotten === 0)) break
    }
    return total
  }
}
