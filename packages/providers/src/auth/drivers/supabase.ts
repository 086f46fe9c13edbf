import type { Secret } from '@core/config'
import { fetchDirectly, isObject, startDeadline } from '@core/foundation'
import type { LoginDriver } from '../login-driver.ts'
import { issuerUnavailable, loginRefused } from '../login-error.ts'
import { challengeOf, newLoginFlow, readReturn } from '../login-flow.ts'

export interface SupabaseLoginSettings {
  /** `https://abcdefghijklmnopqrst.supabase.co/auth/v1`. */
  readonly issuer: string
  /** The publishable key of the project. */
  readonly key: Secret
  /** Where people sign in, as Supabase Auth calls it: github, google, azure … */
  readonly provider: string
  /** Supabase has to allow it with any query: `https://core.example/v1/login/callback?**`. */
  readonly redirectUri: () => string
}

const timeoutMs = 10_000

/** Supabase Auth (GoTrue) with PKCE, over plain HTTP. */
export function createSupabaseDriver({ issuer, key, provider, redirectUri }: SupabaseLoginSettings): LoginDriver {
  const base = issuer.replace(/\/+$/, '')

  return {
    name: 'supabase',
    issuer,
    async begin({ redirectTo }) {
      const flow = newLoginFlow(redirectTo)
      const back = new URL(redirectUri())
      back.searchParams.set('state', flow.state)
      const url = new URL(`${base}/authorize`)
      url.searchParams.set('provider', provider)
      url.searchParams.set('redirect_to', back.href)
      url.searchParams.set('code_challenge', challengeOf(flow.verifier))
      url.searchParams.set('code_challenge_method', 's256')
      return { url: url.href, flow }
    },
    async finish({ callback, flow }, call = {}) {
      using deadline = startDeadline('a sign-in', call, timeoutMs)
      const code = readReturn(callback, flow).get('code')
      if (code === null) throw loginRefused('Supabase Auth did not sign this person in')
      const response = await fetchDirectly(fetch, `${base}/token?grant_type=pkce`, {
        method: 'POST',
        headers: { apikey: key.reveal(), 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ auth_code: code, code_verifier: flow.verifier }),
        signal: deadline.signal,
      }).catch(() => {
        throw deadline.signal.aborted ? deadline.signal.reason : issuerUnavailable(issuer)
      })
      if (response.status >= 500) throw issuerUnavailable(issuer)
      const answer: unknown = await response.json().catch(() => undefined)
      const user = response.ok && isObject(answer) ? answer['user'] : undefined
      if (!isObject(user) || typeof user['id'] !== 'string' || !/^[!-~]{1,255}$/.test(user['id'])) {
        throw loginRefused('the return from Supabase Auth is not what this sign-in began with, or was used before')
      }
      const isConfirmed = typeof user['email_confirmed_at'] === 'string'
      const email = isConfirmed && typeof user['email'] === 'string' ? user['email'] : undefined
      return { issuer, subject: user['id'], email }
    },
  }
}
