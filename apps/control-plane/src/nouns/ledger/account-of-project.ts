import type { Denial } from '../../http/bound-route.ts'

/** Whether an account's code is in a project: its first segment names it. */
export function isAccountOf(project: string, account: string): boolean {
  return account === project || account.startsWith(`${project}/`)
}

/** The denial for an account outside the path's project: exactly that of an account that does not exist. */
export function accountNotFound(account: string): Denial {
  return { problem: 'account_not_found', facts: { account } }
}
