import { listLogins } from '@core/api'
import { callable, loginList, loginSweep } from '@core/api/functions'
import { createLoginCookie } from '../../auth/login-cookie.ts'
import { serve } from '../../http/bound-route.ts'
import type { CreateNoun } from '../../process/noun.ts'
import { untilNoneLeft } from '../../process/until-none-left.ts'
import { installLoginAddresses } from './login-addresses.ts'
import { createSignIn } from './sign-in.ts'

const sweepEveryMs = 600_000
const sweptAtOnce = 500

/** People who sign in: with a browser, by a cookie; with the command, by a token. */
export const login: CreateNoun = (kernel) => {
  const { config, database, keyring, realtime, publicUrl } = kernel
  const signIn = createSignIn(kernel)
  const addresses = {
    signIn,
    cookie: createLoginCookie(publicUrl),
    database,
    publicUrl,
    redirectOrigins: config.auth.redirectOrigins,
    forgetLogins(subject: string) {
      keyring.forgetLogin()
      realtime.connections.verifyCredential(subject)
    },
  }
  return {
    routes: [
      serve(listLogins, async ({ principal: { login: own } }) => {
        if (own === undefined) return { status: 200, body: { data: [], page: { next: null } } }
        const { logins } = await callable(database, loginList)({ issuer: own.issuer, subject: own.subject })
        const data = logins.map(({ id, issuer, created_at: createdAt, seen_at: seenAt, expires_at: expiresAt }) => ({
          id,
          issuer,
          isCurrent: id === own.id,
          createdAt,
          seenAt,
          expiresAt,
        }))
        return { status: 200, body: { data, page: { next: null } } }
      }),
    ],
    install: (app, door) => installLoginAddresses(app, door, addresses),
    loops: [
      {
        name: 'sweep logins',
        everyMs: sweepEveryMs,
        work(signal) {
          const sweep = callable(database, loginSweep)
          return untilNoneLeft(sweptAtOnce, signal, async () => (await sweep({ limit: sweptAtOnce }, { signal })).swept)
        },
      },
    ],
    close: async () => await signIn[Symbol.asyncDispose](),
  }
}
