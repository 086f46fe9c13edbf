import { afterAll, expect, test } from 'vitest'
import { createRoom, runCoreProcess } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

/** Occurs in no message of its own. Every way of printing it is a fault, also in part: its halves are looked for too. */
const canary = 'Kanari3nvogel'
const half = canary.slice(0, 8)
const room = createRoom()
afterAll(() => room[Symbol.dispose]())

const database = (url: string) => ({ CORE_DATABASE_URL: url })
const awayStore = { CORE_STORAGE_PROVIDER: 's3', CORE_STORAGE_URL: 'http://127.0.0.1:1/files' }
const environments: readonly (readonly [string, Record<string, string>])[] = [
  ['an unreachable server', database(`postgres://core:${canary}@127.0.0.1:1/core`)],
  ['an unknown host', database(`postgres://core:${canary}@core.invalid/core`)],
  ['a raw slash', database(`postgres://core:${half}/${canary}@127.0.0.1:1/core`)],
  ['a raw question mark', database(`postgres://core:${half}?${canary}@127.0.0.1:1/core`)],
  ['a raw hash', database(`postgres://core:${half}#${canary}@127.0.0.1:1/core`)],
  ['a raw percent', database(`postgres://core:${canary}%@127.0.0.1:1/core`)],
  ['a raw at', database(`postgres://core:${half}@${canary}@127.0.0.1:1/core`)],
  ['a password in the query', database(`postgres://127.0.0.1:1/core?user=core&password=${canary}`)],
  ['an encoded password', database(`postgres://core:${canary}%21@127.0.0.1:1/core`)],
  ['no URL', database(canary)],
  ["the host's variable", { DATABASE_URL: `postgres://core:${canary}@127.0.0.1:1/core` }],
  ['an unknown driver', { CORE_DATABASE_DRIVER: 'mysql', ...database(`mysql://core:${canary}@127.0.0.1:1/core`) }],
  ['a driver without its URL', { CORE_DATABASE_DRIVER: 'postgres', SUPABASE_SERVICE_ROLE_KEY: `${canary}${canary}` }],
  ['a short service key', { SUPABASE_URL: 'http://127.0.0.1:1', SUPABASE_SERVICE_ROLE_KEY: canary }],
  ['a service key', { SUPABASE_URL: 'http://127.0.0.1:1', SUPABASE_SERVICE_ROLE_KEY: `${canary}${canary}` }],
  ['Supabase with a password', { SUPABASE_URL: `http://core:${canary}@127.0.0.1:1`, SUPABASE_SERVICE_ROLE_KEY: 'x' }],
  ['a collector with a password', { OTEL_EXPORTER_OTLP_ENDPOINT: `http://core:${canary}@127.0.0.1:1` }],
  ['header fields of a collector', { OTEL_EXPORTER_OTLP_HEADERS: canary }],
  ['keys with a password', { CORE_JWT_ISSUER: 'https://i.example', CORE_JWT_JWKS_URL: `http://u:${canary}@h` }],
  ['a short secret of an issuer', { CORE_JWT_SECRET: canary }],
  ['an owner key with a space', { CORE_OWNER_KEY: `${canary} ${canary}` }],
  ['a short owner key', { CORE_OWNER_KEY: canary }],
  ['keys of a store', { ...awayStore, AWS_ACCESS_KEY_ID: canary, AWS_SECRET_ACCESS_KEY: canary }],
  [
    'a key of a store with a space',
    { ...awayStore, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: `${canary} ${half}` },
  ],
  [
    'a store with a password',
    { CORE_STORAGE_PROVIDER: 's3', CORE_STORAGE_URL: `http://core:${canary}@127.0.0.1:1/files` },
  ],
  ['another store with a password', { CORE_STORAGE_READ_ALSO: `s3=http://core:${canary}@127.0.0.1:1/files` }],
  ['the token of a store', { CORE_STORAGE_PROVIDER: 'vercel-blob', BLOB_READ_WRITE_TOKEN: canary }],
  ['keys of models', { CORE_LLM_PROVIDER: 'openai', OPENAI_API_KEY: canary, ANTHROPIC_API_KEY: canary }],
  [
    'a model provider with a password',
    { CORE_LLM_PROVIDER: 'openai', OPENAI_BASE_URL: `http://u:${canary}@127.0.0.1:1` },
  ],
  ['a short key of secrets', { CORE_SECRETS_KEY: canary }],
  ['the secret of a client', { CORE_AUTH_PROVIDER: 'oidc', CORE_AUTH_CLIENT_SECRET: canary }],
  ['an issuer with a password', { CORE_AUTH_PROVIDER: 'oidc', CORE_AUTH_ISSUER: `https://u:${canary}@i.example` }],
  ['a login and a server that is away', { CORE_URL: 'http://127.0.0.1:1', CORE_KEY: `cs_${canary.padEnd(43, 'x')}` }],
  ['an address with a password', { CORE_URL: `http://core:${canary}@127.0.0.1:1`, CORE_KEY: canary }],
  ['an address that is none', { CORE_URL: 'nowhere', CORE_KEY: canary }],
  ['a key and a server that is away', { CORE_URL: 'http://127.0.0.1:1', CORE_KEY: canary }],
]

const asking = [
  ['status'],
  ['doctor'],
  ['api', 'GET', '/v1/me'],
  ['whoami'],
  ['logout'],
  ['storage', 'list'],
  ['secrets', 'list'],
]
/** Of the database, which is at hand where none is named. */
const opening = [
  ['init', '--project', 'acme'],
  ['migrate', 'status'],
  ['migrate', 'plan'],
  ['migrate', 'up'],
]

test.each(environments)('%s: no verb prints a password or a key', async (_, env) => {
  const verbs = Object.keys(env).some((name) => /DATABASE|SUPABASE/.test(name)) ? [...asking, ...opening] : asking
  for (const verb of verbs) {
    for (const args of [verb, [...verb, '--json']]) {
      const { stdout, stderr } = await runInProcess(args, { cwd: room.folder, env: { CORE_HTTP_PORT: '1', ...env } })
      expect({ args, text: `${stdout}${stderr}` }).not.toMatchObject({ text: expect.stringContaining(half) })
    }
  }
})

test('core start, which writes its log itself, does not either', async () => {
  for (const url of [`postgres://core:${canary}@core.invalid/core`, `postgres://core:1/${canary}@core.invalid/core`]) {
    const more = { ...awayStore, AWS_ACCESS_KEY_ID: canary, AWS_SECRET_ACCESS_KEY: canary, OPENAI_API_KEY: canary }
    const env = { CORE_LOG_LEVEL: 'debug', CORE_DATABASE_URL: url, CORE_SECRETS_KEY: canary.padEnd(43, 'x'), ...more }
    const { code, stdout, stderr } = await runCoreProcess(['start'], { cwd: room.folder, env })
    expect(code).not.toBe(0)
    expect(stdout + stderr).not.toContain(half)
  }
})
