/**
 * What a credential can be allowed to do: the scopes of the API and the capabilities the database checks
 * (`core.authorize`) are the same strings.
 */
export const capabilities = [
  'project:read',
  'project:write',
  'key:read',
  'key:write',
  'flag:read',
  'flag:write',
  'ledger:read',
  'ledger:spend',
  'ledger:account',
  'ledger:budget',
  'ledger:grant',
  'ledger:operate',
  'event:read',
  'audit:read',
] as const

export type Capability = (typeof capabilities)[number]

export function isCapability(value: unknown): value is Capability {
  return typeof value === 'string' && (capabilities as readonly string[]).includes(value)
}
