/** The first segment of an account's code is the project it belongs to. */
export function projectOf(account: string): string {
  return account.split('/', 1)[0] ?? account
}
