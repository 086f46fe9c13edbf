import { findPgvectorServer, type PgvectorServer } from '@core/database/testing'
import { afterAll, beforeAll, test } from 'vitest'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describeOnEveryDatabase } from './suites/on-every-database.ts'
import { describePlanTexts } from './suites/plan-texts.ts'
import { describePlans } from './suites/plans.ts'
import { describeRowGuarantee } from './suites/row-guarantee.ts'

const start = findPgvectorServer()

if (start === undefined) {
  test('a real server with pgvector', ({ skip }) => skip('there is no pgvector server on this machine'))
} else {
  let server: PgvectorServer
  let on: EmbeddingsUnderTest
  beforeAll(async () => {
    server = await start()
    on = await openEmbeddings(server.url)
  })
  afterAll(async () => {
    await on?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })

  const open = () => on
  describeOnEveryDatabase(open)
  describeRowGuarantee(open, 150)
  describePlans(open)
  describePlanTexts(open, () => server.url)
}
