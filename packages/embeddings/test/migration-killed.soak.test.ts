import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { findPgvectorServer } from '@core/database/testing'
import { expect, test } from 'vitest'
import { openEmbeddings } from './embeddings-under-test.ts'
import { proveMigration } from './suites/migration.ts'

const start = findPgvectorServer()
const program = join(import.meta.dirname, 'migrate-and-die.ts')

test('a migration whose program is killed with -9 at each of its calls is continued by the next, and loses no write', async ({
  skip,
}) => {
  if (start === undefined) return skip('there is no pgvector server on this machine')
  await using server = await start()
  await using under = await openEmbeddings(server.url)
  const project = await under.project()
  await proveMigration({
    under,
    project,
    async migrate(deathAt, dies) {
      const child = spawn(process.execPath, [program, server.url, project, String(deathAt), dies], {
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      })
      const [stdout, stderr, [code, signal]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ])
      expect([code, signal], stderr).toEqual(stdout === '' ? [null, 'SIGKILL'] : [0, null])
      return stdout !== ''
    },
  })
})
