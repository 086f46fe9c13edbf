import type { CallOptions } from '@core/foundation'
import type { LoginDriver } from '../login-driver.ts'
import { loginRefused } from '../login-error.ts'
import { newLoginFlow, readReturn } from '../login-flow.ts'

export interface LocalSettings {
  /** Where the key is handed in: with the parameters `state` and `credential`. */
  readonly redirectUri: () => string
  /** Who has a key that may sign in; undefined for any other key. */
  readonly resolve: (key: string, call?: CallOptions) => Promise<KeyHolder | undefined>
}

export interface KeyHolder {
  readonly subject: string
  /** What changes with the key, so that the logins by it can end. */
  readonly sid?: string
}

/** The issuer of those who sign in with a key. */
export const localIssuer = 'local'

/** The owner, by an owner key: for an installation without an issuer, or while it is away. */
export function createLocalDriver({ redirectUri, resolve }: LocalSettings): LoginDriver {
  return {
    name: 'local',
    issuer: localIssuer,
    async begin({ redirectTo }) {
      const flow = newLoginFlow(redirectTo)
      const url = new URL(redirectUri())
      url.searchParams.set('state', flow.state)
      return { url: url.href, flow }
    },
    async finish({ callback, flow }, call) {
      const key = readReturn(callback, flow).get('credential')
      const holder = key === null || key === '' ? undefined : await resolve(key, call)
      if (holder === undefined) throw loginRefused('this is no owner key')
      return { issuer: localIssuer, ...holder }
    },
  }
}
