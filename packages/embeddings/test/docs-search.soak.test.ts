import { afterAll, beforeAll } from 'vitest'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describeHeldOutSearch } from './suites/docs-search.ts'

/** The questions that `embedded.test.ts` leaves out: sixty searches of a space of all documents. */
let on: EmbeddingsUnderTest
beforeAll(async () => {
  on = await openEmbeddings()
})
afterAll(() => on[Symbol.asyncDispose]())

describeHeldOutSearch(() => on)
