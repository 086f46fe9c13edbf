import { afterAll, beforeAll } from 'vitest'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describeOnEveryDatabase } from './suites/on-every-database.ts'

let on: EmbeddingsUnderTest
beforeAll(async () => {
  on = await openEmbeddings()
})
afterAll(() => on[Symbol.asyncDispose]())

describeOnEveryDatabase(() => on)
