import type { Database, JsonInput } from '@core/database'
import { uuidv7 } from '@core/foundation'
import { runCallers } from '../callers.ts'
import type { Contestant } from '../measure.ts'
import { hotAccount } from './accounts.ts'
import { fieldOf, requireOk, textOf } from './answer.ts'
import { HELD, openHolds, TTL_SECONDS, USED } from './operations.ts'

/** Functions that write the rows of one call and check nothing, called as the ledger's are. */
export interface BareFunctions {
  reserve(name: string): Contestant
  settle(name: string): Contestant
  charge(name: string): Contestant
}

/** Takes the account and, for each function, request, windows and answer from the ledger. */
export async function createBareFunctions(database: Database): Promise<BareFunctions> {
  const [hold = ''] = await openHolds(database, 1)
  requireOk(
    await database.rpc('ledger_reserve', {
      p_key: uuidv7(),
      p_account: hotAccount,
      p_amount: HELD,
      p_ttl_s: TTL_SECONDS,
    }),
  )
  requireOk(await database.rpc('ledger_settle', { p_key: uuidv7(), p_hold: hold, p_amount: USED }))
  requireOk(await database.rpc('ledger_charge', { p_key: uuidv7(), p_account: hotAccount, p_amount: USED }))
  const account = await database.call('bench_adopt', { p_account: hotAccount })
  const known = {
    p_account: fieldOf(account, 'account'),
    p_purse: fieldOf(account, 'purse'),
    p_project: textOf(account, 'project'),
    p_budgets: fieldOf(account, 'budgets'),
    p_windows: fieldOf(account, 'windows'),
  }
  const journalled = async (op: string) => {
    const row = await database.call('bench_journal', { p_op: op })
    return { p_counts: fieldOf(row, 'counts'), p_request: fieldOf(row, 'request'), p_result: fieldOf(row, 'result') }
  }
  const reserve = { ...known, p_root: fieldOf(account, 'root'), p_amount: HELD, ...(await journalled('reserve')) }
  const settle = { ...known, p_held: HELD, p_amount: USED, ...(await journalled('settle')) }
  const charge = { ...known, p_amount: USED, ...(await journalled('charge')) }
  const call = async (name: string, args: Readonly<Record<string, JsonInput>>) => {
    await database.call(name, { p_key: uuidv7(), ...args })
  }

  return {
    reserve: (name) => ({
      name,
      run: (operations) =>
        runCallers(1, operations, () => call('bench_bare_reserve', { ...reserve, p_hold: uuidv7() })),
    }),
    settle(name) {
      const holds: string[] = []
      return {
        name,
        async prepare(operations) {
          for (let index = 0; index < operations; index++) {
            const hold = uuidv7()
            await call('bench_bare_reserve', { ...reserve, p_hold: hold })
            holds.push(hold)
          }
        },
        run: (operations) =>
          runCallers(1, operations, () => call('bench_bare_settle', { ...settle, p_hold: holds.pop() })),
      }
    },
    charge: (name) => ({
      name,
      run: (operations) => runCallers(1, operations, () => call('bench_bare_charge', charge)),
    }),
  }
}
