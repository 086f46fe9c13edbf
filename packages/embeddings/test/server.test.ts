import { findPgvectorServer, type PgvectorServer } from '@core/database/testing'
import { afterAll, beforeAll, test } from 'vitest'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describeBehaviour } from './suites/behaviour.ts'
import { describeBounds } from './suites/bounds.ts'
import { describeDocsSearch } from './suites/docs-search.ts'
import { describeHostile } from './suites/hostile.ts'
import { describeIngest } from './suites/ingest.ts'
import { describeMigration } from './suites/migration.ts'
import { describePlanTexts } from './suites/plan-texts.ts'
import { describePlans } from './suites/plans.ts'
import { describeReingest } from './suites/reingest.ts'
import { describeRowGuarantee } from './suites/row-guarantee.ts'
import { describeSemanticCache } from './suites/semantic-cache.ts'
import { describeTenants } from './suites/tenants.ts'

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
  describeBehaviour(open)
  describeHostile(open)
  describeBounds(open)
  describeIngest(open)
  describeTenants(open)
  describeMigration(open)
  describeReingest(open)
  describeDocsSearch(open)
  describeSemanticCache(open)
  describeRowGuarantee(open, 150)
  describePlans(open)
  describePlanTexts(open, () => server.url)
}
