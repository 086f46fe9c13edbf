/** Whether a bearer token is a JWT to look at: three parts of base64url. A third part without text is an unsigned one. */
export function isTokenForm(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)
}
