import type { EmbeddingsUnderTest } from '../embeddings-under-test.ts'
import { describeBehaviour } from './behaviour.ts'
import { describeBounds } from './bounds.ts'
import { describeDocsSearch } from './docs-search.ts'
import { describeHostile } from './hostile.ts'
import { describeIngest } from './ingest.ts'
import { describeKeptVectors } from './kept-vectors.ts'
import { describeMigration } from './migration.ts'
import { describeReingest } from './reingest.ts'
import { describeSemanticCache } from './semantic-cache.ts'
import { describeTenants } from './tenants.ts'

/** What holds on the embedded database and on a server alike. */
export function describeOnEveryDatabase(open: () => EmbeddingsUnderTest): void {
  describeBehaviour(open)
  describeHostile(open)
  describeBounds(open)
  describeIngest(open)
  describeKeptVectors(open)
  describeTenants(open)
  describeMigration(open)
  describeReingest(open)
  describeDocsSearch(open)
  describeSemanticCache(open)
}
