import { type AcceptedOf, callable, ledgerUserEnsure } from '@core/api/functions'
import type { Database, RpcOptions } from '@core/database'
import { type CallOptions, copyStorable, uuidv7 } from '@core/foundation'
import type { Credits } from './credits.ts'
import { keyed } from './keyed.ts'
import type { AccountDenial } from './outcome.ts'

export interface EnsureUserInput {
  /** Your own id of the user, 1 to 500 characters of any kind. */
  user: string
  /** What the user may spend per period. */
  limit: Credits
  /** Default `month`. Another period is another cap beside the first. */
  period?: 'hour' | 'day' | 'week' | 'month' | 'total' | undefined
  /** By whose clocks periods begin, an IANA name. Default `UTC`. */
  timeZone?: string | undefined
  /** Whose user it is. Default: the project that the ledger acts for. */
  project?: string | undefined
  /** Identifies the effect. Default: a new uuid; an error of the call has it as `details.key`. */
  key?: string | undefined
}

/**
 * The user has an account with this cap: `account` is what to reserve and charge on, and draws on the project's credits.
 * `tx` is null where all of it was there already.
 */
export interface EnsuredUser extends Omit<AcceptedOf<typeof ledgerUserEnsure>, 'ok'> {
  status: 'ensured'
}

export function createUserEnsurer(database: Pick<Database, 'rpc'>, claims: RpcOptions['claims']) {
  const ensure = callable(database, ledgerUserEnsure)
  return (
    { user, key = uuidv7(), ...input }: EnsureUserInput,
    options?: CallOptions,
  ): Promise<EnsuredUser | AccountDenial> => {
    return keyed(key, async () => {
      const args = { ...input, key, user: String(copyStorable('user', user)) }
      const answer = await ensure(args, { ...options, claims })
      if (!answer.ok) return { status: answer.code, account: answer.account }
      const { ok: _, ...facts } = answer
      return { status: 'ensured', ...facts }
    })
  }
}
