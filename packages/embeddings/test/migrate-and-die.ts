// A program that migrates a space and is killed at one of its calls: node migrate-and-die.ts <url> <project> <n> before|after
import { openDatabase } from '@core/database'
import { createEmbeddings } from '../src/index.ts'
import { dieAt, nextModel } from './suites/migration.ts'

const [url = '', project = '', deathAt = '', dies] = process.argv.slice(2)
await using database = await openDatabase({ driver: 'postgres', url })
const mortal = dieAt(database, Number(deathAt), dies === 'before' ? 'before' : 'after', () => {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('killed')
})
const embeddings = createEmbeddings({ database: mortal, project, ...nextModel })
const { swapped } = await embeddings.migrate('docs', nextModel)
process.stdout.write(swapped ? 'swapped' : 'ended')
