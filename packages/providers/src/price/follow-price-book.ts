import { callable, priceBook } from '@core/api/functions'
import type { Database } from '@core/database'
import { type CallOptions, type Clock, type Logger, silentLogger, startDeadline, systemClock } from '@core/foundation'
import { parseRates } from './card.ts'
import { type BookCard, type BookCreditRate, createPriceBook, type PriceBook, type UnknownPrice } from './price-book.ts'

export interface FollowPriceBookOptions {
  /** Whose prices; left out, the caller's own project's. */
  readonly project?: string
  /** Default 30,000. Infinity: only when it is asked to `refresh`. */
  readonly everyMs?: number
  /** Default `refuse`. */
  readonly unknown?: UnknownPrice
  readonly clock?: Clock
  readonly logger?: Logger
}

export interface FollowedPriceBook extends PriceBook, AsyncDisposable {
  /** Reads what has changed now. */
  refresh(options?: CallOptions): Promise<void>
}

const readTimeoutMs = 10_000

/**
 * The price book of the database in memory: read whole, then what has changed every 30 s. Where the database is away, the
 * last known prices apply.
 * @throws CoreError of the database, where the first read fails.
 */
export async function followPriceBook(
  database: Pick<Database, 'rpc'>,
  {
    project,
    everyMs = 30_000,
    unknown = 'refuse',
    clock = systemClock,
    logger = silentLogger,
  }: FollowPriceBookOptions = {},
): Promise<FollowedPriceBook> {
  const read = callable(database, priceBook)
  const closing = new AbortController()
  const cards: BookCard[] = []
  let version = 0
  let book = createPriceBook([], [], { unknown })

  async function refresh(options: CallOptions = {}): Promise<void> {
    using deadline = startDeadline('reading prices', options, readTimeoutMs)
    let creditRates: BookCreditRate[] = []
    for (let more = true; more; ) {
      const page = await read({ afterVersion: version, project }, { signal: deadline.signal })
      for (const card of page.cards) {
        const { valid_from: validFrom, rates, ...rest } = card
        if (card.version > version) cards.push({ ...rest, rates: parseRates(rates), validFrom })
      }
      creditRates = page.credit_rates.map((rate) => ({
        project: rate.project,
        nanoUsdPerCredit: rate.nano_usd_per_credit,
        markupBasisPoints: rate.markup_bp,
        validFrom: rate.valid_from,
        version: rate.version,
      }))
      version = page.version
      more = page.more
    }
    book = createPriceBook(cards, creditRates, { unknown })
  }

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await clock.sleep(everyMs, { signal: closing.signal, unref: true })
      await refresh({ signal: closing.signal }).catch((error: unknown) => {
        if (!closing.signal.aborted) logger.warn({ err: error }, 'prices cannot be read; the last known apply')
      })
    }
  }

  await refresh()
  const following = Number.isFinite(everyMs) ? follow().catch(() => undefined) : undefined
  return {
    find: (provider, model, at) => book.find(provider, model, at),
    findDearest: (provider, at) => book.findDearest(provider, at),
    modelsOf: (provider) => book.modelsOf(provider),
    refresh,
    async [Symbol.asyncDispose]() {
      closing.abort()
      await following
    },
  }
}
