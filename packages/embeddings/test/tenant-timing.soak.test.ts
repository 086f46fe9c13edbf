import { findPgvectorServer } from '@core/database/testing'
import { test, vi } from 'vitest'
import { openEmbeddings } from './embeddings-under-test.ts'
import { expectTimesAlike } from './suites/tenant-timing.ts'

vi.setConfig({ testTimeout: 300_000 })

test('on the embedded database the time of a search does not tell how many items other tenants have', async () => {
  await using on = await openEmbeddings()
  await expectTimesAlike(on)
})

test('on a server the time of a search does not tell how many items other tenants have', async ({ skip }) => {
  const start = findPgvectorServer()
  if (start === undefined) return skip('there is no pgvector server on this machine')
  await using server = await start()
  await using on = await openEmbeddings(server.url)
  await expectTimesAlike(on)
})
