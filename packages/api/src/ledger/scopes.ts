import type { ScopeKind } from '../contract/scope-kind.ts'

export const scopes = {
  'ledger:read': { summary: 'Read accounts, balances, history, budgets and usage', role: 'viewer' },
  'ledger:spend': { summary: 'Reserve, settle, void, charge, refund and transfer credits', role: 'operator' },
  'ledger:account': { summary: 'Open and change sub-accounts', role: 'operator' },
  'ledger:budget': { summary: 'Set budgets', role: 'owner' },
  'ledger:grant': { summary: 'Grant credits', role: 'owner' },
  'ledger:operate': { summary: 'Expire, seal and audit', role: 'admin' },
} as const satisfies Record<`ledger:${string}`, ScopeKind>
