import type { Database } from '@core/database'
import { createLedger, type EnsuredUser, type Ledger } from '@core/ledger'
import type { EnsureTag } from '@core/router'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../../auth/principal.ts'
import { createTagEnsurer } from './tag-accounts.ts'

/** A ledger, and the accounts of tags. */
export interface CallerLedger extends Ledger {
  readonly ensureTag: EnsureTag
}

export interface CallerLedgers {
  /** The ledger of a project, as this credential. Calls of one that are in flight together travel as one batch. */
  of(principal: Pick<Principal, 'subject'>, project: string): CallerLedger
}

const keptLedgers = 5_000
const keptUsers = 20_000
/** How long an end user or a tag that has an account is not made sure of again: a request does not wait for what is there. */
const keptUserMs = 60_000

/**
 * Ledgers for those who call models. The scope `model:call` is what they need: the hold of a call, its settle and the
 * accounts of its end user and its tag are the router's doing, within the project's own accounts.
 */
export function createCallerLedgers(database: Pick<Database, 'rpc'>): CallerLedgers {
  const ledgers = new LRUCache<string, CallerLedger>({ max: keptLedgers })
  const users = new LRUCache<string, EnsuredUser>({ max: keptUsers, ttl: keptUserMs })
  const tags = new LRUCache<string, Awaited<ReturnType<EnsureTag>>>({ max: keptUsers, ttl: keptUserMs })

  async function ensure(ledger: Ledger, project: string, ...[input, options]: Parameters<Ledger['ensureUser']>) {
    const name = JSON.stringify([project, input.user, input.period, input.limit])
    const known = users.get(name)
    if (known !== undefined) return known
    const ensured = await ledger.ensureUser(input, options)
    if (ensured.status === 'ensured') users.set(name, ensured)
    return ensured
  }

  const keep =
    (project: string, ensureTag: EnsureTag): EnsureTag =>
    async (input, options) => {
      const name = JSON.stringify([project, input.tag, input.period, input.limit])
      const known = tags.get(name)
      if (known !== undefined) return known
      const ensured = await ensureTag(input, options)
      if (ensured.status === 'ensured') tags.set(name, ensured)
      return ensured
    }

  return {
    of({ subject }, project) {
      const name = `${project}\n${subject}`
      const known = ledgers.get(name)
      if (known !== undefined) return known
      const claims = { role: 'core_member', project, caps: ['ledger:spend', 'ledger:account'], sub: subject } as const
      const made = createLedger({ database, claims: { ...claims, caps: [...claims.caps] } })
      const forTags = { ...claims, caps: ['ledger:account', 'ledger:budget', 'ledger:read'] }
      const reader = createLedger({ database, claims: forTags })
      const ledger: CallerLedger = {
        ...made,
        ensureUser: (...args) => ensure(made, project, ...args),
        ensureTag: keep(project, createTagEnsurer(database, { project, ledger: reader, claims: forTags })),
      }
      ledgers.set(name, ledger)
      return ledger
    },
  }
}
