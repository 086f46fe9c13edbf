import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { type FakeS3, startFakeS3 } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningProgram, startProgram } from './start-program.ts'
import { ownerKey, secretsKeys, serveDatabase, unlimited } from './test-server.ts'

const s3Keys = { accessKeyId: 'AKIACANARY', secretAccessKey: 'canary-secret-of-s3' }
const files = '/v1/projects/stored/files'
const authorization = `Bearer ${ownerKey}`

let folder: string
let database: TestDatabase
let s3: FakeS3
let running: RunningProgram
let env: Record<string, string>
let metricsUrl: string
const traced: string[] = []
const collector = createServer((received, response) => {
  received.setEncoding('utf8').on('data', (text: string) => traced.push(text))
  received.on('end', () => response.end('{}'))
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'core-stored-'))
  database = await createTestDatabase()
  await database.database.rpc('project_register', { p_name: 'stored' })
  s3 = await startFakeS3(s3Keys)
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  env = {
    CORE_STORAGE_PROVIDER: 's3',
    CORE_STORAGE_URL: `${s3.url}/files`,
    CORE_STORAGE_READ_ALSO: 'memory',
    AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
    CORE_SECRETS_KEY: secretsKeys[0],
  }
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const metricsPort = portOf(free.address())
  free.close()
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
  running = await startProgram(folder, {
    ...env,
    CORE_DATABASE_URL: database.url,
    CORE_OWNER_KEY: ownerKey,
    CORE_LOG_LEVEL: 'debug',
    CORE_METRICS_PORT: String(metricsPort),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${portOf(collector.address())}`,
  })
})
afterAll(async () => {
  running.child.kill('SIGKILL')
  await s3[Symbol.asyncDispose]()
  collector.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

const portOf = (address: AddressInfo | string | null) => (typeof address === 'object' && address ? address.port : 0)
const call = (method: string, path: string, body?: string) =>
  fetch(`${running.url}${path}`, {
    method,
    headers: {
      authorization,
      ...(method === 'POST' ? { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } : {}),
    },
    ...(body === undefined ? {} : { body }),
  })

test('no key of a store and no signed address is in a log line, error, metric, span or row', async () => {
  expect((await call('PUT', `${files}/shown/content`, 'content')).status).toBe(200)
  const signed = async (name: string) => {
    const answer = await call('POST', `${files}/${name}/url`, JSON.stringify({ expiresSeconds: 60 }))
    return String(Object(await answer.json())['url'])
  }
  const presigned = await signed('shown')
  expect(await (await fetch(presigned)).text()).toBe('content')
  // A file of a store without addresses of its own, whose token this server reads.
  await database.sql(`
    insert into core.file (project, name, object, store, size, content_type, etag)
    values ('stored', 'token', gen_random_uuid(), 'memory', 1, 'text/plain', 'x')`)
  const address = await signed('token')
  const token = address.split('/').at(-1) ?? ''
  expect(token.length).toBeGreaterThan(50)
  expect((await fetch(`${running.url}/v1/storage/${token}`)).status).toBe(404)
  expect((await fetch(`${running.url}/v1/storage/${token}`, { method: 'PUT', body: 'x' })).status).toBe(403)
  s3.shelf.files.clear()
  expect((await call('GET', `${files}/shown/content`)).status).toBe(500) // an unexpected failure is kept as an error
  const signature = new URL(presigned).searchParams.get('X-Amz-Signature') ?? ''
  expect(signature).toHaveLength(64)
  const secrets = [...Object.values(s3Keys), signature, token]

  const metrics = await (await fetch(metricsUrl)).text()
  expect(metrics).toContain('core_file_bytes_total')
  await expect.poll(() => traced.join(''), { timeout: 30_000 }).toContain('/v1/storage/{token}')
  await expect.poll(running.output, { timeout: 30_000 }).toContain('/v1/storage/{token}')
  const errors = async () => await database.sql('select * from core.error_group')
  await expect.poll(async () => (await errors()).length, { timeout: 30_000 }).toBeGreaterThan(0)
  const dump = await database.sql(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'core'`,
  )
  for (const secret of secrets) {
    for (const text of [running.output(), metrics, traced.join('')]) expect(text).not.toContain(secret)
    for (const { name } of dump) {
      const found = await database.sql(`select 1 from ${name} t where strpos(t::text, $1) > 0 limit 1`, [secret])
      expect(found, String(name)).toEqual([])
    }
  }
})

test('a control plane that is killed with -9 between content and row leaves the file as it was', async () => {
  expect((await call('PUT', `${files}/a/content`, 'before')).status).toBe(200)
  const sending = request(`${running.url}${files}/a/content`, {
    method: 'PUT',
    headers: { authorization, 'content-length': 5 },
  })
  const cut = new Promise((resolve) => sending.on('error', resolve))
  sending.write('aft')
  const begun = async () => await database.sql(`select id from core.file_upload where name = 'a' and status = 'open'`)
  await expect.poll(begun, { timeout: 30_000 }).toHaveLength(1)
  const [{ id } = {}] = await begun()
  // The commit waits for this lock, so that the content is there and the row is not.
  const locking = await database.connect()
  await locking.query(`begin; select from core.file_space where project = 'stored' for update`)
  sending.end('er')
  await expect.poll(() => [...s3.shelf.files.keys()], { timeout: 30_000, interval: 5 }).toContain(`stored/${id}/a`)
  running.child.kill('SIGKILL')
  await once(running.child, 'exit')
  // A statement that reached the database runs without its client: end it, too.
  const ended = await locking.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  expect(ended.rows.length).toBeLessThanOrEqual(1)
  await locking.query('rollback')
  await cut

  await using after = await serveDatabase(database.database, silentLogger, unlimited, { env })
  const read = () => after.app.inject({ method: 'GET', url: `${files}/a/content`, headers: { authorization } })
  const space = async () =>
    (await after.send('GET', '/v1/projects/stored/file-quota', { key: ownerKey })).body as Record<string, unknown>
  expect((await read()).body).toBe('before')
  const before = await space()
  expect(before).toMatchObject({ heldBytes: 5 })
  await database.sql(
    `update core.file_upload set expires_at = clock_timestamp() - interval '2 hours' where status = 'open'`,
  )
  await after.runLoop('sweep files')
  expect(await space()).toEqual({ ...before, heldBytes: 0 })
  await database.sql(`update core.file_trash set due_at = clock_timestamp()`)
  await after.runLoop('sweep files')
  expect([...s3.shelf.files.keys()]).not.toContain(`stored/${id}/a`)
  expect((await read()).body).toBe('before')
})
