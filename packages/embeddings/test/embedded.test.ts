import { afterAll, beforeAll } from 'vitest'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describeBehaviour } from './suites/behaviour.ts'
import { describeBounds } from './suites/bounds.ts'
import { describeDocsSearch } from './suites/docs-search.ts'
import { describeHostile } from './suites/hostile.ts'
import { describeIngest } from './suites/ingest.ts'
import { describeMigration } from './suites/migration.ts'
import { describeReingest } from './suites/reingest.ts'
import { describeSemanticCache } from './suites/semantic-cache.ts'
import { describeTenants } from './suites/tenants.ts'

let on: EmbeddingsUnderTest
beforeAll(async () => {
  on = await openEmbeddings()
})
afterAll(() => on[Symbol.asyncDispose]())

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
