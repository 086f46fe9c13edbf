import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openDatabase } from '@core/database'
import { createEmbeddedFolder } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createEmbeddings } from '../src/index.ts'
import { createCountingModel } from './embeddings-under-test.ts'
import { expectComplete, nextModel } from './suites/migration.ts'

const program = join(import.meta.dirname, 'embedded-migrate-and-die.ts')
const project = 'killed'

test('a migration on the embedded database whose process is killed with -9 after each of its calls is continued, and loses no write', async () => {
  await using folder = await createEmbeddedFolder()
  const { dataDir } = folder
  const { model, dimensions } = createCountingModel('before')
  const texts = new Map(Array.from({ length: 30 }, (_, n) => [`page-${n}`, `The first text of page ${n}.`]))
  const open = () => openDatabase({ driver: 'embedded', dataDir })
  const spaceOf = (database: Awaited<ReturnType<typeof open>>) =>
    createEmbeddings({ database, project, model, dimensions, models: [nextModel] }).space('docs')
  {
    await using database = await open()
    await createEmbeddings({ database }).enable()
    await database.rpc('project_register', { p_name: project })
    await spaceOf(database).upsert([...texts].map(([id, content]) => ({ id, text: content })))
  }
  let kills = 0
  for (let isDone = false; !isDone; kills += isDone ? 0 : 1) {
    const deathAt = kills + 1
    const child = spawn(process.execPath, [program, dataDir, project, String(deathAt)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
      killSignal: 'SIGTERM',
    })
    const [stdout, stderr, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ])
    expect([0, 'SIGKILL'], stderr).toContain(signal ?? code)
    expect(stdout, 'the write was acknowledged').not.toBe('')
    texts.set(`page-${deathAt}`, stdout.trim())
    isDone = code === 0
  }
  expect(kills).toBeGreaterThanOrEqual(5)
  await using database = await open()
  const space = spaceOf(database)
  await space.drain()
  await expectComplete(space, texts)
})
