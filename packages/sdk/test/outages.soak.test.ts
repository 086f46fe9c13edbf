import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CoreServer, startCoreServer } from './core-server.ts'
import { survivesOutages } from './outages.ts'

let server: CoreServer
beforeAll(async () => {
  server = await startCoreServer()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

test.for(['http', 'postgres', 'supabase'] as const)(
  'over %s the database is away for ten seconds, six times',
  { timeout: 300_000 },
  async (way) => {
    const done = await survivesOutages(server, way, { rounds: 6, awayMs: 10_000, backMs: 2_000 })
    expect(done.messages).toBeGreaterThan(500)
  },
)
