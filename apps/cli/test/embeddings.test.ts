import { join } from 'node:path'
import { loadConfig } from '@core/config'
import { type ControlPlane, startControlPlane } from '@core/control-plane'
import { prepareEmbeddedFolder } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCore } from './core-here.ts'
import { createRoom } from './core-process.ts'

vi.setConfig({ hookTimeout: 120_000, testTimeout: 60_000 })

const docs = join(import.meta.dirname, '../../../docs')
const room = createRoom()
let plane: ControlPlane
beforeAll(async () => {
  await prepareEmbeddedFolder(join(room.folder, '.core'))
  const config = loadConfig({ env: { CORE_HTTP_PORT: '0' }, cwd: room.folder })
  plane = await startControlPlane({ config, logger: silentLogger })
})
afterAll(async () => {
  await plane?.close()
  room[Symbol.dispose]()
})

const core = async (...args: readonly string[]) => {
  const env = { CORE_URL: plane.url, CORE_KEY: plane.firstStart.ownerKey ?? '' }
  const options = { cwd: room.folder, stdin: '', env }
  const { code, stdout, stderr } = await runCore(['--project', 'smart_layer', 'embeddings', ...args], options)
  return { code, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) }
}

test('a folder is written, found by a question, written again without work, migrated and dropped', async () => {
  const written = await core('ingest', docs)
  expect(written).toMatchObject({ code: 0, answer: { updated: 0, deleted: 0, queued: 0 } })
  expect(written.answer.added).toBeGreaterThan(200)
  const { answer } = await core('search', 'how do I spend offline')
  expect(answer.hits[0]).toMatchObject({ document: 'guides/spend-offline.md' })
  expect(answer.plan).toBe('exact')
  expect((await core('ingest', docs, '--prune')).answer).toMatchObject({ added: 0, updated: 0, deleted: 0 })

  expect((await core('recall', 'docs', '--sample', '5')).answer).toMatchObject({ recall: 1, plan: 'exact' })
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
