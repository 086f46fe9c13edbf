import { uuidv7 } from '@core/foundation'
import pg from 'pg'
import { runCallers } from '../callers.ts'
import type { Contestant } from '../measure.ts'
import { HELD } from './operations.ts'

/**
 * What teams write first: a transaction from the client that locks the balance, checks it in code, updates it and
 * inserts a hold and a journal row. No keys, no budgets, no expiry. One connection per caller.
 */
export function naiveReserve(name: string, url: string, callers: number): Contestant & AsyncDisposable {
  const clients = Array.from({ length: callers }, () => new pg.Client({ connectionString: url }))
  const idle: pg.Client[] = []
  let connecting: Promise<void> | undefined

  async function connect(): Promise<void> {
    await Promise.all(clients.map((client) => client.connect()))
    idle.push(...clients)
  }

  async function reserveOnce(client: pg.Client): Promise<void> {
    await client.query('begin')
    const found = await client.query<{ balance: string }>(
      'select balance from bench.naive_account where id = $1 for update',
      ['hot'],
    )
    const balance = Number(found.rows[0]?.balance) - HELD
    if (!(balance >= 0)) throw new Error('the naive account is empty')
    const hold = uuidv7()
    await client.query('update bench.naive_account set balance = $2, updated_at = now() where id = $1', [
      'hot',
      balance,
    ])
    await client.query('insert into bench.naive_hold (id, account_id, amount) values ($1, $2, $3)', [hold, 'hot', HELD])
    await client.query(
      'insert into bench.naive_journal (account_id, hold_id, amount, balance_after) values ($1, $2, $3, $4)',
      ['hot', hold, -HELD, balance],
    )
    await client.query('commit')
  }

  return {
    name,
    step: callers,
    async prepare() {
      connecting ??= connect()
      await connecting
    },
    run: (operations) =>
      runCallers(callers, operations, async () => {
        const client = idle.pop()
        if (!client) throw new Error('more callers than connections')
        await reserveOnce(client)
        idle.push(client)
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}
