import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { findPgvectorServer } from '@core/database/testing'
import { expect, test } from 'vitest'
import { openEmbeddings } from './embeddings-under-test.ts'
import { proveIngest } from './suites/ingest.ts'

const start = findPgvectorServer()
const program = join(import.meta.dirname, 'ingest-and-die.ts')

test('an ingest whose program is killed with -9 at each of its calls is continued, and pays twice for nothing that was kept', async ({
  skip,
}) => {
  if (start === undefined) return skip('there is no pgvector server on this machine')
  await using server = await start()
  await using under = await openEmbeddings(server.url)
  const folder = await mkdtemp(join(tmpdir(), 'core-ingest-'))
  try {
    await proveIngest({
      under,
      async ingest(project, deathAt, dies) {
        const log = join(folder, project)
        await writeFile(log, '')
        const child = spawn(process.execPath, [program, server.url, project, String(deathAt), dies, log], {
          stdio: ['ignore', 'ignore', 'pipe'],
          timeout: 60_000,
        })
        const [stderr, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')])
        expect([0, 'SIGKILL'], stderr).toContain(signal ?? code)
        return { isDone: code === 0, asked: (await readFile(log, 'utf8')).split('\n').length - 1 }
      },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
