import { afterAll, beforeAll, vi } from 'vitest'
import { type EmbeddingsUnderTest, openEmbeddings } from './embeddings-under-test.ts'
import { describePlans } from './suites/plans.ts'
import { describeRowGuarantee } from './suites/row-guarantee.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let on: EmbeddingsUnderTest
beforeAll(async () => {
  on = await openEmbeddings()
})
afterAll(() => on[Symbol.asyncDispose]())

describeRowGuarantee(() => on, 300)
describePlans(() => on)
