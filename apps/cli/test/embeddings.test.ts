import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '@core/config'
import { type ControlPlane, startControlPlane } from '@core/control-plane'
import { openDatabase } from '@core/database'
import { prepareEmbeddedFolder } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { startFakeProvider } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCore } from './core-here.ts'
import { createRoom } from './core-process.ts'

const room = createRoom()
/** A part of the documentation, in folders: more than one request holds. */
const documents = createRoom()
const docs = documents.folder
const fake = await startFakeProvider()
let plane: ControlPlane
beforeAll(async () => {
  for (const part of ['guides', 'operations'])
    await cp(join(import.meta.dirname, '../../../docs', part), join(docs, part), { recursive: true })
  const dataDir = join(room.folder, '.core')
  await prepareEmbeddedFolder(dataDir)
  await makeSpaceWithoutVectors(dataDir)
  const provider = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: fake.url }
  const env = { CORE_HTTP_PORT: '0', CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host, ...provider }
  const config = loadConfig({ env, cwd: room.folder })
  plane = await startControlPlane({ config, logger: silentLogger })
})
afterAll(async () => {
  await plane?.close()
  await fake[Symbol.asyncDispose]()
  room[Symbol.dispose]()
  documents[Symbol.dispose]()
})

/** As a copy from a server without pgvector has it. */
async function makeSpaceWithoutVectors(dataDir: string): Promise<void> {
  await using database = await openDatabase({ driver: 'embedded', dataDir })
  await database.rpc('project_register', { p_name: 'smart_layer' })
  const model = { p_provider: 'core', p_model: 'local-384', p_revision: '2', p_dims: 384 }
  await database.rpc('embedding_space_open', { p_space: 'copied', p_project: 'smart_layer', ...model })
}

const core = async (...args: readonly string[]) => {
  const env = { CORE_URL: plane.url, CORE_KEY: plane.firstStart.ownerKey ?? '' }
  const options = { cwd: room.folder, stdin: '', env }
  const { code, stdout, stderr } = await runCore(['--project', 'smart_layer', 'embeddings', ...args], options)
  return { code, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) }
}

test('a space that was made without the extension is searched by its vectors', async () => {
  expect(await core('search', 'anything', '--space', 'copied', '--mode', 'vector')).toMatchObject({
    code: 0,
    answer: { hits: [] },
  })
})

test('a folder is written, found by a question, written again without work, migrated and dropped', async () => {
  const written = await core('ingest', docs)
  expect(written).toMatchObject({ code: 0, answer: { updated: 0, deleted: 0, queued: 0 } })
  expect(written.stderr.match(/ of \d+ documents$/gm)?.length, 'requests').toBeGreaterThan(1)
  expect(written.answer.added).toBeGreaterThan(200)
  const { answer } = await core('search', 'how do I spend offline')
  expect(answer.hits[0]).toMatchObject({ document: 'guides/spend-offline.md' })
  expect(answer.plan).toBe('exact')
  const mixed = await core(
    'search',
    'spend offline',
    '--mmr',
    '0.3',
    '--recall',
    'exact',
    '--all-pieces',
    '--limit',
    '3',
  )
  expect(mixed.answer.hits).toHaveLength(3)
  const near = await core('search', 'spend offline', '--mode', 'vector', '--min-score', '0.99', '--source', 'default')
  expect(near.answer).toMatchObject({ hits: [], complete: true })
  expect((await core('search', 'x', '--mmr', '2')).stderr).toContain('lambda')
  expect((await core('ingest', docs, '--prune')).answer).toMatchObject({ added: 0, updated: 0, deleted: 0 })

  expect((await core('recall', 'docs', '--sample', '5', '--recall', 'fast')).answer).toMatchObject({
    recall: 1,
    plan: 'exact',
  })
  expect((await core('migrate', 'docs', '--dimensions', '64')).answer).toMatchObject({ next: { dims: 64 } })
  await vi.waitFor(
    async () => expect((await core('stats', 'docs')).answer.data).toMatchObject([{ model: { dims: 64 }, next: null }]),
    { timeout: 50_000, interval: 500 },
  )
  const found = (await core('search', 'how do I spend offline')).answer.hits
  expect(found.map(({ document }: { document: string }) => document)).toContain('guides/spend-offline.md')
  expect((await core('drop', 'docs', '--yes')).answer).toEqual({ dropped: true })
  expect((await core('search', 'anything')).stderr).toContain('there is no space')
})

test('what is malformed is refused with what to write', async () => {
  expect((await core('ingest', room.folder)).stderr).toContain('--extensions')
  expect((await core('search', 'x', '--filter', '[]')).stderr).toContain('{"op": "eq"')
})

test('a folder is written with a model of a provider, which the project pays for, and the model stays that of the space', async () => {
  const folder = join(room.folder, 'pages')
  await mkdir(folder)
  await writeFile(join(folder, 'leases.md'), 'Spend offline with a lease.')
  const ingest = (...args: readonly string[]) => core('ingest', folder, '--space', 'paid', ...args)
  const model = ['--model', 'openai/embed-1', '--dimensions', '64'] as const

  expect(await ingest(...model)).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('PUT /v1/prices'),
    answer: undefined,
  })
  const rates = [{ unit: 'input', nanoUsdPerMillion: 1_000_000_000 }]
  const priced = await fetch(`${plane.url}/v1/prices`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${plane.firstStart.ownerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ provider: 'openai', model: 'embed-1', rates }),
  })
  expect(priced.ok).toBe(true)

  // The router reads prices again after some seconds.
  const written = await vi.waitFor(
    async () => {
      const result = await ingest(...model)
      expect(result.code, result.stderr).toBe(0)
      return result.answer
    },
    { timeout: 50_000, interval: 500 },
  )
  expect(written).toMatchObject({ added: 1, queued: 0, stopped: null })
  expect(written.cost).toBeGreaterThan(0)
  expect((await core('stats', 'paid')).answer.data).toMatchObject([
    { model: { provider: 'router', model: 'openai/embed-1', dims: 64 } },
  ])
  expect((await ingest(...model)).answer).toMatchObject({ added: 0, updated: 0, cost: 0 })
  expect((await core('search', 'a lease', '--space', 'paid')).answer.hits).toMatchObject([{ document: 'leases.md' }])
  expect(await ingest('--model', 'openai/embed-2')).toMatchObject({ code: 5, answer: undefined })
  expect((await core('migrate', 'paid', '--model', 'nowhere/embed-1')).stderr).toContain('nowhere')
})
