import { callable, ledgerAccounts, projectGet } from '@core/api/functions'
import type { Database, MemberClaims } from '@core/database'
import { isCoreError } from '@core/foundation'
import { LRUCache } from 'lru-cache'
import { bindTo, claimsOf, isOwner, type Principal, rootClaimsOf } from './principal.ts'

/** What the first segment of a path or of an account's code names. */
export type NameOwner = 'project' | 'root' | 'unknown'

export interface ProjectDirectory {
  /**
   * Whether a name is a registered project, has accounts outside every project (`root`), or neither. Answers at once
   * for projects it has seen: they are never deleted.
   */
  find(name: string): 'project' | Promise<NameOwner>
}

const remembered = 10_000

/** Looks names up in the database, with claims that reach exactly what they name. */
export function createProjectDirectory(database: Pick<Database, 'rpc'>): ProjectDirectory {
  const projects = new LRUCache<string, true>({ max: remembered })
  const claims = (project: string, caps: readonly string[], root?: true): MemberClaims => ({
    role: 'core_member',
    project,
    root,
    caps,
    sub: 'core',
  })

  async function ask(name: string): Promise<NameOwner> {
    if (!isName(name)) return 'unknown'
    try {
      await callable(database, projectGet)({ name }, { claims: claims(name, ['project:read']) })
      projects.set(name, true)
      return 'project'
    } catch (error) {
      if (!isCoreError(error, 'E_NOT_FOUND')) throw error
    }
    const root = { claims: claims(name, ['ledger:read'], true) }
    const answer = await callable(database, ledgerAccounts)({ limit: 1 }, root)
    return answer.ok && answer.accounts.length > 0 ? 'root' : 'unknown'
  }

  return { find: (name) => (projects.has(name) ? 'project' : ask(name)) }
}

/** Whether a text can be the first segment of a code at all; what cannot is not worth a question. */
function isName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_.-]{0,199}$/.test(name)
}

/** The claims with which a principal acts under a name; undefined where there is nothing that it may see. */
export async function claimsWithin(
  principal: Principal,
  name: string,
  projects: ProjectDirectory,
): Promise<MemberClaims | undefined> {
  const bound = bindTo(principal, name)
  if (bound === undefined) return undefined
  const owner = bound.project === undefined ? await projects.find(name) : 'project'
  if (owner === 'project') return claimsOf(bound, name)
  return owner === 'root' && isOwner(bound) ? rootClaimsOf(bound, name) : undefined
}
