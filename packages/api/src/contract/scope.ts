/**
 * What a credential can be allowed to do, and in a sentence what that is. The database has the same
 * scopes as rows of `core.scope`, and `core.authorize` checks them; a test holds the two equal.
 */
export const capabilitySummaries = {
  'project:read': 'Read project metadata',
  'project:write': 'Change project metadata',
  'key:read': 'List API keys and check one; never the secrets',
  'key:write': 'Create, change, reroll and revoke API keys',
  'flag:read': 'Read feature flags',
  'flag:write': 'Set and clear feature flags',
  'ledger:read': 'Read accounts, balances, history, budgets and usage',
  'ledger:spend': 'Reserve, settle, void, charge, refund and transfer credits',
  'ledger:account': 'Open and change sub-accounts',
  'ledger:budget': 'Set budgets',
  'ledger:grant': 'Grant credits',
  'ledger:operate': 'Expire, seal and audit',
  'event:read': 'Receive events; each topic needs its own scope as well',
  'member:read': 'Read the members of the project',
  'member:write': 'Add, update and remove members',
  'system:read': 'Read system status and bottlenecks',
  'error:read': 'Read the unexpected errors of requests',
  'error:write': 'Mark errors as resolved or ignored',
  'audit:read': 'Read the audit log: who changed what',
} as const satisfies Record<`${string}:${string}`, string>

export type Capability = keyof typeof capabilitySummaries

export const capabilities = Object.keys(capabilitySummaries) as [Capability, ...Capability[]]

export function isCapability(value: unknown): value is Capability {
  return typeof value === 'string' && Object.hasOwn(capabilitySummaries, value)
}
