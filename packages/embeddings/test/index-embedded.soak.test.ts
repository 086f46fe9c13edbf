import { afterAll, beforeAll, vi } from 'vitest'
import { openEmbeddings } from './embeddings-under-test.ts'
import { describeIndex } from './index-suite.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let on: Awaited<ReturnType<typeof openEmbeddings>>
beforeAll(async () => {
  on = await openEmbeddings()
})
afterAll(() => on[Symbol.asyncDispose]())

describeIndex(() => on.database, 12)
