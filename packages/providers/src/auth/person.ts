/** Who signed in, as the issuer names them. */
export interface Person {
  readonly issuer: string
  readonly subject: string
  /** The session at the issuer, where it names one: a sign-out there ends the logins of it. */
  readonly sid?: string | undefined
  /** Only where the issuer has verified it. */
  readonly email?: string | undefined
  readonly name?: string | undefined
}
