import type { OidcIssuer } from '@core/providers/testing'
import { expect } from 'vitest'
import type { ServedDatabase } from './test-server.ts'

/** Where the server of a test says that it is. */
export const own = 'http://127.0.0.1:4400'
/** What a browser sends for a page of it. */
export const page = { host: '127.0.0.1:4400', origin: own, 'sec-fetch-site': 'same-origin' }

export type Headers = Readonly<Record<string, string>>
/** The cookies of one browser. */
export type Jar = Map<string, string>

/** One step of a browser: with its cookies, and those of the answer kept. */
export async function visit(
  app: ServedDatabase['app'],
  jar: Jar,
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  headers: Headers = page,
  payload?: string,
) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await app.inject({
    method,
    url,
    headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
  for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') jar.delete(name)
    else jar.set(name, value)
  }
  return answer
}

interface SignInOptions {
  readonly app: ServedDatabase['app']
  readonly issuer: OidcIssuer
  readonly subject?: string
  readonly query?: string
}

/** Signs in at the issuer; the answer to the return. */
export async function signInAt(jar: Jar, { app, issuer, subject = 'ada', query = '' }: SignInOptions) {
  const begun = await visit(app, jar, 'GET', `/v1/login${query}`)
  expect(begun.statusCode, begun.body).toBe(302)
  const callback = await issuer.signIn(String(begun.headers.location), subject)
  return await visit(app, jar, 'GET', callback.slice(own.length), { host: page.host, 'sec-fetch-site': 'cross-site' })
}

/** Signs in with an owner key, by the form of the server; the answer to it. */
export async function signInWithKey(jar: Jar, { app, key }: { app: ServedDatabase['app']; key: string }) {
  const begun = await visit(app, jar, 'GET', '/v1/login')
  const form = String(begun.headers.location).slice(own.length)
  const fields = new URLSearchParams({ state: new URL(form, own).searchParams.get('state') ?? '', credential: key })
  const headers = { ...page, 'content-type': 'application/x-www-form-urlencoded' }
  return await visit(app, jar, 'POST', '/v1/login/callback', headers, String(fields))
}

/** The token of the login in a browser. */
export const tokenOf = (jar: Jar) => [...jar].find(([name]) => name.startsWith('__Host-core_login_'))?.[1] ?? ''
