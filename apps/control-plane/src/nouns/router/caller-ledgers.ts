import type { Database } from '@core/database'
import { createLedger, type EnsuredUser, type Ledger } from '@core/ledger'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../../auth/principal.ts'

export interface CallerLedgers {
  /** The ledger of a project, as this credential. Calls of one that are in flight together travel as one batch. */
  of(principal: Pick<Principal, 'subject'>, project: string): Ledger
}

const keptLedgers = 5_000
const keptUsers = 20_000
/** How long an end user who has an account is not made sure of again: a request does not wait for what is there. */
const keptUserMs = 60_000

/**
 * Ledgers for those who call models. The scope `model:call` is what they need: the hold of a call, its settle and the
 * account of its end user are the router's doing, within the project's own accounts.
 */
export function createCallerLedgers(database: Pick<Database, 'rpc'>): CallerLedgers {
  const ledgers = new LRUCache<string, Ledger>({ max: keptLedgers })
  const users = new LRUCache<string, EnsuredUser>({ max: keptUsers, ttl: keptUserMs })

  async function ensure(ledger: Ledger, project: string, ...[input, options]: Parameters<Ledger['ensureUser']>) {
    const name = JSON.stringify([project, input.user, input.period, input.limit])
    const known = users.get(name)
    if (known !== undefined) return known
    const ensured = await ledger.ensureUser(input, options)
    if (ensured.status === 'ensured') users.set(name, ensured)
    return ensured
  }

  return {
    of({ subject }, project) {
      const name = `${project}\n${subject}`
      const known = ledgers.get(name)
      if (known !== undefined) return known
      const claims = { role: 'core_member', project, caps: ['ledger:spend', 'ledger:account'], sub: subject } as const
      const made = createLedger({ database, claims: { ...claims, caps: [...claims.caps] } })
      const ledger: Ledger = { ...made, ensureUser: (...args) => ensure(made, project, ...args) }
      ledgers.set(name, ledger)
      return ledger
    },
  }
}
