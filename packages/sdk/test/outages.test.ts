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
  'over %s each charge is booked once and each message arrives once, in order, whenever the database is away',
  { timeout: 240_000 },
  async (way) => {
    const done = await survivesOutages(server, way, { rounds: 2, awayMs: 200, backMs: 200 })
    expect(done.messages).toBeGreaterThan(10)
  },
)
