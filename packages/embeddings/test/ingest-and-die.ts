// A program that ingests and is killed at one of its calls: node ingest-and-die.ts <url> <project> <n> before|after <log>
// The log gets a line for each text that its model was asked for.
import { appendFileSync } from 'node:fs'
import { openDatabase } from '@core/database'
import { createEmbeddings } from '../src/index.ts'
import { createCountingModel } from './embeddings-under-test.ts'
import { ingestLimits, ingestName, pages } from './suites/ingest.ts'
import { dieAt } from './suites/migration.ts'

const [url = '', project = '', deathAt = '', dies, log = ''] = process.argv.slice(2)
await using database = await openDatabase({ driver: 'postgres', url })
const mortal = dieAt(database, Number(deathAt), dies === 'before' ? 'before' : 'after', () => {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('killed')
})
const { model, dimensions } = createCountingModel(ingestName, (values, vectors) => {
  appendFileSync(log, values.map(() => 'text\n').join(''))
  return vectors
})
const embeddings = createEmbeddings({ database: mortal, project, model, dimensions, limits: ingestLimits })
await embeddings.space('docs').upsert(pages, { chunk: false })
