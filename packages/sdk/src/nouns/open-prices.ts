import { CoreError } from '@core/foundation'
import { type FollowedPriceBook, followPriceBook, type UnknownPrice } from '@core/providers/price'
import type { Context } from './context.ts'

export interface PricesContext extends Context {
  readonly env: Readonly<Record<string, string | undefined>>
}

export async function openPrices({ project, env, database, clock, logger }: PricesContext): Promise<FollowedPriceBook> {
  return await followPriceBook(database, { project, unknown: unknownOf(env), clock, logger })
}

/** Read here, for the whole configuration needs files, which a worker has none of. */
function unknownOf({ CORE_PRICE_UNKNOWN: unknown = '' }: PricesContext['env']): UnknownPrice {
  if (unknown === 'dearest') return unknown
  if (unknown === 'refuse' || unknown === '') return 'refuse'
  throw new CoreError('E_CONFIG_INVALID', `CORE_PRICE_UNKNOWN is ${JSON.stringify(unknown)}`, {
    fix: 'Set it to refuse or dearest.',
  })
}
