import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { isObject } from '@core/foundation'
import { challengeOf } from '../../auth/login-flow.ts'

export interface FakeGotrue extends AsyncDisposable {
  readonly issuer: string
  readonly key: string
  signIn(url: string): Promise<string>
  setAway(isAway: boolean): void
}

/** Supabase Auth as far as its PKCE flow goes, over real HTTP: each code counts once, for the verifier of its challenge. */
export async function startFakeGotrue(): Promise<FakeGotrue> {
  const key = 'sb_publishable_of_the_tests'
  const codes = new Map<string, string>()
  let isAway = false
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    let text = ''
    for await (const chunk of request) text += chunk
    if (isAway) response.writeHead(503).end()
    else if (url.pathname.endsWith('/authorize')) {
      const code = randomUUID()
      codes.set(code, url.searchParams.get('code_challenge') ?? '')
      const back = new URL(url.searchParams.get('redirect_to') ?? '')
      back.searchParams.set('code', code)
      response.writeHead(302, { location: back.href }).end()
    } else {
      const body: unknown = JSON.parse(text)
      const { auth_code: code, code_verifier: verifier } = isObject(body) ? body : {}
      const challenge = codes.get(String(code))
      codes.delete(String(code))
      const isGood = request.headers['apikey'] === key && challenge === challengeOf(String(verifier))
      response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' })
      const user = { id: 'ada', email: 'ada@example.com', email_confirmed_at: '2026-11-20T09:30:00Z' }
      response.end(JSON.stringify(isGood ? { access_token: 'of-the-tests', user } : { error_code: 'bad_code' }))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    issuer: `http://127.0.0.1:${isObject(address) ? address['port'] : 0}/auth/v1`,
    key,
    async signIn(url) {
      const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(20_000) })
      return response.headers.get('location') ?? ''
    },
    setAway(away) {
      isAway = away
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
