import { once } from 'node:events'
import { generateApiKey, roleScopes } from '@core/api'
import { silentLogger, uuidv7 } from '@core/foundation'
import { type OidcIssuer, startOidcIssuer } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type Jar, signInAt, signInWithKey, tokenOf, visit } from './browser.ts'
import { listen, openSocket } from './frames.ts'
import { openTestServer, type ServedDatabase, serveDatabase, type TestServer, unlimited } from './test-server.ts'

/** What ends a login, and what ends with it on every control plane. */

let issuer: OidcIssuer
let server: TestServer
let other: ServedDatabase
let url: string
beforeAll(async () => {
  issuer = await startOidcIssuer()
  const env = { CORE_AUTH_PROVIDER: 'oidc', CORE_AUTH_ISSUER: issuer.issuer, CORE_AUTH_CLIENT_ID: 'core' }
  server = await openTestServer(silentLogger, unlimited, { env })
  // Without the check that runs every thirty seconds: what closes a connection is a hint of the database.
  vi.useFakeTimers({ toFake: ['setInterval'] })
  other = await serveDatabase(server.test.database, silentLogger, unlimited, { env, isFilled: true })
  vi.useRealTimers()
  url = await listen(other.app)
})
afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
  await issuer?.[Symbol.asyncDispose]()
})

const setRole = (name: string, role: string) =>
  server.test.database.rpc('member_set', { p_project: 'smart_layer', p_subject: `user:${name}`, p_role: role })

/** Logins of a person, each with an open socket at the other control plane. */
async function openSockets(subject: string, count: number) {
  await setRole(subject, 'viewer')
  const logins = []
  for (let index = 0; index < count; index++) {
    const jar: Jar = new Map()
    await signInAt(jar, { app: server.app, issuer, subject })
    const socket = await openSocket(url, tokenOf(jar))
    await socket.next('welcome', 30_000)
    logins.push({ token: tokenOf(jar), socket })
  }
  return logins
}
const longEnough = { timeout: 60_000 }

test('a sign-out closes the sockets of that login on other control planes, and of no other', longEnough, async () => {
  const [one, two] = await openSockets('ada', 2)
  const [stranger] = await openSockets('bob', 1)
  expect((await server.send('POST', '/v1/logout', { key: one?.token })).body).toEqual({ ended: 1 })
  expect(await one?.socket.closed).toMatchObject({ code: 4401, reason: 'this login is not known or has ended' })
  expect((await server.send('POST', '/v1/logout/all', { key: two?.token })).body).toEqual({ ended: 1 })
  expect(await two?.socket.closed).toMatchObject({ code: 4401 })
  stranger?.socket.send({ op: 'ping' })
  await stranger?.socket.next('pong', 30_000)
  stranger?.socket.socket.close()
})

test('a sign-out everywhere closes all sockets of the person on other control planes', longEnough, async () => {
  const logins = await openSockets('carl', 3)
  await server.send('POST', '/v1/logout/all', { key: logins[0]?.token })
  const closed = await Promise.all(logins.map(({ socket }) => socket.closed))
  expect(closed.map(({ code }) => code)).toEqual([4401, 4401, 4401])
})

test('a member who is removed keeps no socket on other control planes', longEnough, async () => {
  const [login] = await openSockets('dora', 1)
  await server.test.database.rpc('member_remove', { p_project: 'smart_layer', p_subject: 'user:dora' })
  expect((await login?.socket.closed)?.code).toBe(1012)
  const again = await openSocket(url)
  again.send({ op: 'authenticate', token: login?.token })
  expect((await again.closed).code).toBe(4403)
})

test(
  'the logins of another person can be neither seen nor ended, by whatever a request or a call names',
  longEnough,
  async () => {
    const { database, sql } = server.test
    const jars: [Jar, Jar] = [new Map(), new Map()]
    const people = ['gina', 'hugo'] as const
    for (const [index, subject] of people.entries())
      await signInAt(jars[index] ?? new Map(), { app: server.app, issuer, subject })
    const [gina, hugo] = jars.map(tokenOf)
    const [row] = await sql(`select id, token_hash, sid from core.login where subject = 'hugo'`)
    const named = new URLSearchParams({ subject: 'hugo', issuer: issuer.issuer, id: String(row?.['id']) })
    const listed = await server.send('GET', '/v1/logins', { key: gina })
    expect(listed.text).not.toContain(String(row?.['id']))
    expect(listed.text).not.toContain('token')
    const body = Object.fromEntries(named)
    await server.send('POST', `/v1/logout/all?${named}`, { key: gina, body })
    expect((await server.send('GET', '/v1/me', { key: hugo })).body).toMatchObject({ subject: 'user:hugo' })
    // Nor by a function of the database, whatever the credential may do in its project.
    const member = {
      role: 'core_member',
      project: 'smart_layer',
      caps: [...roleScopes.owner],
      sub: 'user:gina',
    } as const
    const p_token_hash = String(row?.['token_hash'])
    const person = { p_issuer: issuer.issuer, p_subject: 'hugo' }
    const calls = await Promise.allSettled([
      database.rpc('login_check', { p_token_hash }, { claims: member }),
      database.rpc('login_end', { p_key: uuidv7(), p_token_hash }, { claims: member }),
      database.rpc('login_end', { p_key: uuidv7(), ...person }, { claims: member }),
      database.rpc('login_list', person, { claims: member }),
      database.rpc('login_sweep', {}, { claims: member }),
      database.rpc('login_open', { p_key: uuidv7(), p_token_hash: 'a'.repeat(64), ...person }, { claims: member }),
    ])
    expect(calls.map((call) => call.status === 'rejected' && call.reason.code)).toEqual(Array(6).fill('E_FORBIDDEN'))
    expect((await server.send('GET', '/v1/me', { key: hugo })).status).toBe(200)
  },
)

/** A key of the whole system, and a login by it. */
async function signInWithStoredKey(local: ServedDatabase, expiresAt: string | null = null) {
  const { database, sql } = server.test
  const { secret, hash, hint } = generateApiKey('test')
  const made = await database.rpc('key_create', { p_key: uuidv7(), p_hash: hash, p_hint: hint, p_name: 'chief' })
  const { id } = made as { id: string }
  if (expiresAt !== null) await sql('update core.api_key set expires_at = $2 where id = $1', [id, expiresAt])
  const jar: Jar = new Map()
  expect((await signInWithKey(jar, { app: local.app, key: secret })).statusCode).toBe(303)
  return { id, jar, token: tokenOf(jar) }
}

test.each(['revoked', 'replaced', 'disabled'])(
  'a login by a stored owner key ends when the key is %s',
  longEnough,
  async (how) => {
    const { database, sql } = server.test
    await using local = await serveDatabase(database, silentLogger, unlimited, { isFilled: true })
    const { id, token } = await signInWithStoredKey(local)
    expect(await local.send('GET', '/v1/me', { key: token })).toMatchObject({ body: { subject: `key:${id}` } })
    const socket = await openSocket(await listen(local.app), token)
    await socket.next('welcome', 30_000)
    if (how === 'revoked') await database.rpc('key_revoke', { p_id: id })
    else if (how === 'disabled') await database.rpc('key_update', { p_id: id, p_enabled: false })
    else {
      const { hash, hint } = generateApiKey('test')
      await database.rpc('key_reroll', { p_key: uuidv7(), p_id: id, p_hash: hash, p_hint: hint, p_overlap_s: 3600 })
    }
    expect(await sql('select 1 from core.login where subject = $1', [`key:${id}`])).toEqual([])
    expect(
      await sql(`select actor from core.audit where action = 'login.end' and before ->> 'subject' = $1`, [`key:${id}`]),
    ).toHaveLength(1)
    expect((await socket.closed).code).toBe(4401)
    expect((await local.send('GET', '/v1/me', { key: token })).body).toMatchObject({ reason: 'login_unknown' })
  },
)

test('a login by a stored owner key says when it ends: with the key or before', longEnough, async () => {
  await using local = await serveDatabase(server.test.database, silentLogger, unlimited, { isFilled: true })
  const endOf = async (token: string) =>
    Date.parse(String((await local.send('GET', '/v1/me', { key: token })).body['expiresAt'])) - Date.now()
  const soon = await signInWithStoredKey(local, new Date(Date.now() + 3_600_000).toISOString())
  expect(await endOf(soon.token)).toBeLessThan(3_600_001)
  const late = await signInWithStoredKey(local, new Date(Date.now() + 90 * 86_400_000).toISOString())
  expect(await endOf(late.token)).toBeLessThan(7 * 86_400_000 + 1)
})

test('a socket asked for with the cookie of a login that has ended is refused, and says why', longEnough, async () => {
  const { host } = new URL(url)
  const jar: Jar = new Map()
  await signInAt(jar, { app: server.app, issuer, subject: 'frida' })
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  await visit(server.app, jar, 'POST', '/v1/logout')
  const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin', cookie }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/realtime`, { headers })
  const [, response] = await once(socket, 'unexpected-response')
  expect(response.statusCode).toBe(401)
  const body: unknown = JSON.parse(Buffer.concat(await response.toArray()).toString())
  expect(body).toMatchObject({
    reason: 'login_unknown',
    detail: expect.stringContaining('this login is not known or has ended'),
    fix: expect.stringContaining('Sign in again'),
  })
})

test('a sign-out that fails keeps the cookie, so that it can be tried again', longEnough, async () => {
  const jar: Jar = new Map()
  await signInAt(jar, { app: server.app, issuer, subject: 'emmy' })
  expect((await visit(server.app, jar, 'GET', '/v1/me')).statusCode).toBe(200)
  const end = 'function core.login_remove(uuid[])'
  await server.test.sql(`
    alter ${end} rename to login_remove_kept;
    create function core.login_remove(p_ids uuid[]) returns int language plpgsql as $$ begin raise exception using errcode = '53300'; end $$`)
  const failed = await visit(server.app, jar, 'POST', '/v1/logout')
  await server.test.sql(`drop ${end}; alter function core.login_remove_kept(uuid[]) rename to login_remove`)
  expect(failed.statusCode, failed.body).toBe(503)
  expect(failed.headers['set-cookie']).toBeUndefined()
  expect(failed.json()).toMatchObject({ code: 'unavailable', retryable: true })
  expect((await visit(server.app, jar, 'GET', '/v1/me')).json()).toMatchObject({ subject: 'user:emmy' })
  expect((await visit(server.app, jar, 'POST', '/v1/logout')).json()).toEqual({ ended: 1 })
  expect(jar.size).toBe(0)
})

/** A call that waits for a lock of a row, and its answer once the row has changed. */
async function whileChanging<Answer>(change: string, params: unknown[], call: () => Promise<Answer>): Promise<Answer> {
  const { connect, sql } = server.test
  const changer = await connect()
  await changer.query('begin')
  await changer.query(change, params)
  const answer = call()
  await expect
    .poll(() => sql(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`), {
      timeout: 30_000,
    })
    .not.toEqual([])
  await changer.query('commit')
  return await answer
}

test('a login that ends while its check waits is not brought back', longEnough, async () => {
  const { database, sql, connect } = server.test
  const idle = async (subject: string) => {
    const hash = uuidv7().replaceAll('-', '').repeat(2)
    const person = { p_issuer: issuer.issuer, p_subject: subject }
    await database.rpc('login_open', { p_key: uuidv7(), p_token_hash: hash, ...person })
    await sql(`update core.login set seen_at = now() - make_interval(secs => idle_s - 600) where token_hash = $1`, [
      hash,
    ])
    return { hash, check: () => database.rpc('login_check', { p_token_hash: hash }) }
  }
  const expired = await idle('expired')
  const end = `update core.login set ends_at = now() - interval '1 second' where token_hash = $1`
  expect(await whileChanging(end, [expired.hash], expired.check)).toEqual({ ok: false, code: 'login_expired' })
  const ended = await idle('ended')
  const removal = 'delete from core.login where token_hash = $1'
  expect(await whileChanging(removal, [ended.hash], ended.check)).toEqual({ ok: false, code: 'login_unknown' })

  // One that is used while the sweep runs stays.
  const used = await idle('used')
  await sql(`update core.login set seen_at = now() - make_interval(secs => idle_s + 1) where token_hash = $1`, [
    used.hash,
  ])
  const user = await connect()
  await user.query('begin')
  await user.query('update core.login set seen_at = clock_timestamp() where token_hash = $1', [used.hash])
  await server.runLoop('sweep logins')
  await user.query('commit')
  await server.runLoop('sweep logins')
  expect(await used.check()).toMatchObject({ ok: true, subject: 'used' })
})
