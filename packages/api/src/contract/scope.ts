/**
 * What a credential can be allowed to do, and in a sentence what that is. The scopes of the API and the capabilities
 * the database checks (`core.authorize`) are the same strings.
 */
export const capabilitySummaries = {
  'project:read': 'See what the project says of itself',
  'project:write': 'Change what the project says of itself',
  'key:read': 'List the API keys and ask whether one is good; never the keys themselves',
  'key:write': 'Make, change, reroll and revoke API keys',
  'flag:read': 'See the feature flags',
  'flag:write': 'Set and clear feature flags',
  'ledger:read': 'See accounts, balances, history, budgets and usage',
  'ledger:spend': 'Reserve, settle, void, charge, refund and transfer credits',
  'ledger:account': 'Open and change sub-accounts',
  'ledger:budget': 'Set budgets',
  'ledger:grant': 'Grant credits',
  'ledger:operate': 'Expire, seal and audit',
  'event:read': 'Hear events; each topic needs its own scope as well',
  'member:read': 'See who belongs to the project',
  'member:write': 'Let people in, change their roles, show them out',
  'system:read': 'See what runs, and what holds requests up',
  'error:read': 'See the faults that requests met',
  'error:write': 'Mark faults as resolved or ignored',
  'audit:read': 'Read who changed what, in the audit log',
} as const satisfies Record<`${string}:${string}`, string>

export type Capability = keyof typeof capabilitySummaries

export const capabilities = Object.keys(capabilitySummaries) as [Capability, ...Capability[]]

export function isCapability(value: unknown): value is Capability {
  return typeof value === 'string' && Object.hasOwn(capabilitySummaries, value)
}
