import type { Clock, Logger } from '@core/foundation'
import type pg from 'pg'
import { hasNoConnectionLeft } from './postgres-error.ts'

/** How long a pool asks for no further connection after one was refused. */
const fullMs = 5_000

/**
 * Checks a connection out. Where the server or a pooler has none left to give, the pool does with those it has and the caller
 * waits for one of them: other programs' connections take as many as they take, and nothing is wrong with ours.
 */
export function createCheckOut(
  pool: pg.Pool,
  { max, logger, clock }: { max: number; logger: Logger; clock: Clock },
): () => Promise<pg.PoolClient> {
  const established = new Set<pg.PoolClient>()
  let isFull = false
  let askAgainAt = 0
  pool.on('connect', (client) => {
    established.add(client)
    if (established.size >= max) isFull = false
  })
  pool.on('remove', (client) => {
    established.delete(client)
  })

  return async function checkOut() {
    if (pool.options.max < max && clock.monotonic() >= askAgainAt) pool.options.max = max
    try {
      return await pool.connect()
    } catch (error) {
      if (!hasNoConnectionLeft(error) || established.size === 0) throw error
      if (!isFull) {
        const has = established.size
        logger.warn({ error, has, max }, 'the database has no further connection for the pool: statements wait longer')
      }
      isFull = true
      askAgainAt = clock.monotonic() + fullMs
      pool.options.max = established.size
      return await pool.connect()
    }
  }
}
