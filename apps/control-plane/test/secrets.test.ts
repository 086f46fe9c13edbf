import { loadConfig } from '@core/config'
import { type Logger, uuidv7 } from '@core/foundation'
import { createSealer } from '@core/foundation/seal'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createVault } from '../src/vault/vault.ts'
import { entriesOf } from './audit-entries.ts'
import { openTestServer, secretsKeys, type TestServer } from './test-server.ts'

const lines: string[] = []
const record = (...args: unknown[]) => void lines.push(JSON.stringify(args))
const logger: Logger = {
  debug: record,
  info: record,
  warn: record,
  error: record,
  child: () => logger,
}

let server: TestServer
let key: string
beforeAll(async () => {
  server = await openTestServer(logger)
  key = await server.makeKey('smart_layer', ['secret:write'])
})
afterAll(() => server[Symbol.asyncDispose]())

const path = (name = '') => `/v1/projects/current/secrets${name === '' ? '' : `/${name}`}`
const put = (name: string, value: unknown, as = key) => server.send('PUT', path(name), { key: as, body: { value } })
const reveal = async (name: string, project: string | null = 'smart_layer') =>
  (await server.kernel.vault.reveal(project, name)).reveal()
const sealedOf = async (name: string) =>
  String((await server.test.sql('select sealed from core.secret where name = $1', [name]))[0]?.['sealed'])
const unreadable = expect.objectContaining({ details: { reason: 'unreadable_secret' } })

test('a secret is set, listed, replaced and removed, audited each time, and revealed to the process alone', async () => {
  const set = await entriesOf(server, () => put('OPENAI', 'sk-1'))
  expect(set.value).toMatchObject({ status: 200, body: { name: 'OPENAI', project: 'smart_layer' } })
  expect(set.entries).toMatchObject([{ action: 'secret.set', resource: 'secret:smart_layer/OPENAI' }])
  expect(await reveal('OPENAI')).toBe('sk-1')
  expect(await put('OPENAI', 'sk-2')).toMatchObject({ status: 200 })
  expect(await reveal('OPENAI')).toBe('sk-2')
  expect(String(await server.kernel.vault.reveal('smart_layer', 'OPENAI'))).toBe('[redacted]')
  expect(await server.send('GET', path(), { key })).toMatchObject({ body: { data: [{ name: 'OPENAI' }] } })
  expect(await server.send('GET', path('OPENAI'), { key })).toMatchObject({ status: 405 })
  expect(await server.send('DELETE', path('OPENAI'), { key })).toMatchObject({ status: 200 })
  expect(await server.send('DELETE', path('OPENAI'), { key })).toMatchObject({ status: 404 })
  await expect(reveal('OPENAI')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('the value is in no answer, log line or audit entry, and nowhere in the database', async () => {
  const canary = `canary-${uuidv7()}`
  const replies = [
    await put('CANARY', canary),
    await put('CANARY', canary),
    await put('bad name', canary),
    await put('CANARY', { value: canary }),
    await put('CANARY', canary.repeat(1000)),
    await put('CANARY', canary, 'core_no_such_key'),
    await server.send('GET', path(), { key }),
    await server.send('DELETE', path('CANARY'), { key }),
  ]
  for (const { text } of replies) expect(text).not.toContain(canary)
  expect(lines.join('\n')).not.toContain(canary)
  const tables = await server.test.sql(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'core'`,
  )
  await put('CANARY', canary)
  for (const { name } of tables) {
    const found = await server.test.sql(`select 1 from ${name} t where t::text like $1 limit 1`, [`%${canary}%`])
    expect(found, String(name)).toEqual([])
  }
})

test('a credential of another project neither sees, sets nor removes it', async () => {
  await put('MINE', 'value')
  const other = await server.makeKey('manus_origin', ['secret:write'])
  const theirs = (name = '') => `/v1/projects/smart_layer/secrets${name}`
  for (const [method, at, body] of [
    ['GET', theirs(), undefined],
    ['PUT', theirs('/MINE'), { value: 'x' }],
    ['DELETE', theirs('/MINE'), undefined],
    ['GET', '/v1/secrets', undefined],
    ['PUT', '/v1/secrets/MINE', { value: 'x' }],
    ['DELETE', '/v1/secrets/MINE', undefined],
    ['POST', '/v1/secrets/rewrap', {}],
  ] as const) {
    expect(await server.send(method, at, { key: other, body }), at).toMatchObject({ status: 404 })
  }
  expect(await server.send('DELETE', path('MINE'), { key: other })).toMatchObject({ status: 404 })
  expect(
    await server.send('PUT', path('MINE'), {
      key: await server.makeKey('smart_layer', ['share:write']),
      body: { value: 'x' },
    }),
  ).toMatchObject({ status: 403 })
  expect(await reveal('MINE')).toBe('value')
  const member = { role: 'core_member', project: 'smart_layer', caps: ['secret:write'], sub: 'key:mine' } as const
  await expect(
    server.test.database.rpc('secret_sealed', { p_name: 'MINE', p_project: 'smart_layer' }, { claims: member }),
  ).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
})

test('the installation has secrets of its own', async () => {
  const body = { value: 'for all' }
  expect(await server.send('PUT', '/v1/secrets/SHARED', { key: server.owner, body })).toMatchObject({
    status: 200,
    body: { project: null },
  })
  expect(await server.send('GET', '/v1/secrets', { key: server.owner })).toMatchObject({
    body: { data: [{ name: 'SHARED' }] },
  })
  expect(await reveal('SHARED', null)).toBe('for all')
  await expect(reveal('SHARED')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})

test('rows that were swapped, changed or sealed by another key do not open', async () => {
  await put('FIRST', 'one')
  await put('SECOND', 'two')
  const [first, second] = [await sealedOf('FIRST'), await sealedOf('SECOND')]
  const write = (name: string, sealed: string) =>
    server.test.sql('update core.secret set sealed = $1 where name = $2', [sealed, name])
  await write('FIRST', second)
  await expect(reveal('FIRST')).rejects.toThrow(unreadable)
  await write('FIRST', `${first.slice(0, -2)}${first.endsWith('AA') ? 'BB' : 'AA'}`)
  await expect(reveal('FIRST')).rejects.toThrow(unreadable)
  await write('FIRST', first)
  expect(await reveal('FIRST')).toBe('one')
  const { database, secretsKey } = loadConfig({
    env: { CORE_SECRETS_KEY: 'C'.repeat(43), CORE_DATABASE_URL: 'postgres://localhost/none' },
  })
  const stranger = createVault({ database, secretsKey }, server.test.database)
  await expect(stranger.reveal('smart_layer', 'FIRST')).rejects.toThrow(unreadable)
  await expect(
    server.test.sql('update core.secret set sealed = $1 where name = $2', ['in clear', 'FIRST']),
  ).rejects.toThrow()
  await server.test.sql('delete from core.secret')
})

test('what cannot be kept is refused', async () => {
  for (const value of ['', 'x'.repeat(16_385), 'a\0b', 'a\ud800', 7, null]) {
    expect(await put('BAD', value), JSON.stringify(value).slice(0, 20)).toMatchObject({ status: 400 })
  }
  expect(await put('1st', 'value')).toMatchObject({ status: 400 })
  expect(await put('WIDE', '😀'.repeat(4096))).toMatchObject({ status: 200 })
  expect(await reveal('WIDE')).toBe('😀'.repeat(4096))
})

test('a rotation seals secrets and those of webhooks again, and leaves alone what no key opens', async () => {
  const old = createSealer([secretsKeys[1]])
  const rows = [
    ['OLD', uuidv7(), old],
    ['LOST', uuidv7(), createSealer(['D'.repeat(43)])],
  ] as const
  for (const [name, version, sealer] of rows) {
    const sealed = sealer.seal(['smart_layer', name, version], `value of ${name}`)
    await server.test.database.rpc('secret_put', {
      p_name: name,
      p_sealed: sealed,
      p_version: version,
      p_project: 'smart_layer',
    })
  }
  await server.test.database.rpc('webhook_put', {
    p_name: 'rotated',
    p_url: 'https://receiver.example/',
    p_topics: ['flag'],
    p_secret: old.seal(['smart_layer', 'webhook:rotated', 'signing'], 'whsec_x'),
    p_project: 'smart_layer',
  })
  const rewrap = () => server.send('POST', '/v1/secrets/rewrap', { key: server.owner, body: {} })
  const done = await entriesOf(server, rewrap)
  expect(done.value.body).toEqual({ rewrapped: 2, unreadable: 1, remaining: false })
  expect(done.entries.map(({ action }) => action).toSorted()).toEqual(['secret.rewrap', 'webhook.rewrap'])
  expect((await rewrap()).body).toMatchObject({ rewrapped: 0, unreadable: 1 })
  expect(await sealedOf('OLD')).not.toContain(old.keyId)
  expect(await reveal('OLD')).toBe('value of OLD')
  const [{ secret } = {}] = await server.test.sql(`select secret from core.webhook where name = 'rotated'`)
  expect(server.kernel.vault.open(['smart_layer', 'webhook:rotated', 'signing'], String(secret)).reveal()).toBe(
    'whsec_x',
  )
})

test('without a key nothing is set, and the error says what to do', () => {
  const { database } = loadConfig({ env: { CORE_DATABASE_URL: 'postgres://localhost/none' } })
  const keyless = createVault({ database, secretsKey: [] }, server.test.database)
  expect(() => keyless.seal(['a'], 'b')).toThrow(
    expect.objectContaining({ code: 'E_CONFLICT', fix: expect.stringContaining('CORE_SECRETS_KEY') }),
  )
})
