import type { Database } from '@core/database'
import type { Clock, Logger } from '@core/foundation'

/** What every noun is made from. */
export interface Context {
  readonly project: string
  readonly database: Database
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
}
