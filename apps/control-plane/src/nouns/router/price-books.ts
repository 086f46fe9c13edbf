import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'
import { type FollowedPriceBook, followPriceBook, type UnknownPrice } from '@core/providers/price'
import { LRUCache } from 'lru-cache'

export interface PriceBooks extends AsyncDisposable {
  /** The prices of a project; read at its first call, and again at the first one after a change. */
  of(project: string): FollowedPriceBook | Promise<FollowedPriceBook>
}

interface Kept {
  readonly book: FollowedPriceBook
  /** Of the prices when they were read. */
  version: number
}

/** Projects whose prices are kept in memory. */
const keptBooks = 200

/** Price books of projects. One version for all of them says whether one has to be read again: none is polled. */
export function createPriceBooks(
  database: Pick<Database, 'rpc'>,
  {
    version,
    ...options
  }: {
    readonly version: () => number
    readonly unknown: UnknownPrice
    readonly clock: Clock
    readonly logger: Logger
  },
): PriceBooks {
  const reading = new Map<string, Promise<FollowedPriceBook>>()
  const closing = new Set<Promise<void>>()
  const books = new LRUCache<string, Kept>({
    max: keptBooks,
    dispose({ book }) {
      const closed = Promise.resolve(book[Symbol.asyncDispose]()).finally(() => closing.delete(closed))
      closing.add(closed)
    },
  })

  async function read(project: string, known: Kept | undefined): Promise<FollowedPriceBook> {
    const seen = version()
    try {
      if (known === undefined) {
        const book = await followPriceBook(database, { project, everyMs: Number.POSITIVE_INFINITY, ...options })
        books.set(project, { book, version: seen })
        return book
      }
      await known.book.refresh()
      known.version = seen
    } catch (error) {
      if (known === undefined) throw error
      options.logger.warn({ component: 'router', err: error }, 'prices cannot be read; the last known apply')
    } finally {
      reading.delete(project)
    }
    return known.book
  }

  return {
    of(project) {
      const known = books.get(project)
      if (known?.version === version()) return known.book
      const pending = reading.get(project)
      if (pending !== undefined) return pending
      const begun = read(project, known)
      reading.set(project, begun)
      return begun
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(reading.values())
      books.clear()
      await Promise.all(closing)
    },
  }
}
