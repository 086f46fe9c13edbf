import type { CallOptions } from '@core/foundation'
import type { Person } from './person.ts'

/** What a browser must bring back. Keep it sealed, in a cookie of that browser, for ten minutes at most. */
export interface LoginFlow {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** Where to go afterwards: a path, or an address of a listed origin. */
  readonly redirectTo: string
}

/** One way to find out who a person is. */
export interface LoginDriver {
  readonly name: string
  /** The issuer of every person it returns. */
  readonly issuer: string
  /** Where to send the browser, and what to compare its return with. */
  begin(options: { readonly redirectTo: string }, call?: CallOptions): Promise<BegunLogin>
  /**
   * Who came back. `callback` is the whole address that the browser came back to.
   * @throws CoreError E_UNAUTHENTICATED where the return is not that of this flow, or was used before;
   *   E_ISSUER_UNAVAILABLE where the issuer does not answer. No message holds a code or a token.
   */
  finish(options: FinishedLogin, call?: CallOptions): Promise<Person>
}

export interface BegunLogin {
  readonly url: string
  readonly flow: LoginFlow
}

export interface FinishedLogin {
  readonly callback: string
  readonly flow: LoginFlow
}
