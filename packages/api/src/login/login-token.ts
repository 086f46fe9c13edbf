/** The token of a login: `cs_` and 32 random bytes as base64url. */
export const loginTokenForm = /^cs_[\w-]{43}$/

/** Whether a text can be the token of a login. Junk is refused by this, without a query. */
export function isLoginToken(text: string): boolean {
  return loginTokenForm.test(text)
}
