// A program that writes a document, migrates a space of an embedded database and is killed at one of its calls:
// node embedded-migrate-and-die.ts <folder> <project> <n>
import { openDatabase } from '@core/database'
import { runSql } from '@core/database/testing'
import { createEmbeddings } from '../src/index.ts'
import { createCountingModel } from './embeddings-under-test.ts'
import { dieAt, nextModel } from './suites/migration.ts'

const [dataDir = '', project = '', deathAt = ''] = process.argv.slice(2)
await using database = await openDatabase({ driver: 'embedded', dataDir })
const { model, dimensions } = createCountingModel('before')
const open = (on: Pick<typeof database, 'rpc'>) =>
  createEmbeddings({ database: on, project, model, dimensions, models: [nextModel] })

// What a killed program took is free when its time is over.
await runSql(database, 'update core.embedding_queue set due_at = clock_timestamp() where attempts = 0')
const page = { id: `page-${deathAt}`, text: `Version ${deathAt}, written before the program was killed.` }
await open(database).space('docs').upsert([page])
process.stdout.write(`${page.text}\n`)

const mortal = dieAt(database, Number(deathAt), 'after', () => {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('killed')
})
await open(mortal).migrate('docs', nextModel)
