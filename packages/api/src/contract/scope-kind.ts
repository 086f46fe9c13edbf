import type { Role } from './role.ts'

/** One thing a credential can be allowed to do. */
export interface ScopeKind {
  readonly summary: string
  /** The lowest role that has it; each role above has it, too. null: it reaches beyond one project, so no role has it. */
  readonly role: Role | null
}
