import { openDatabase } from '../src/index.ts'
import { describeDatabaseContract } from '../src/testing/contract.ts'
import { createTestDatabase, startSupabaseServer } from '../src/testing/index.ts'

describeDatabaseContract('fetch and @supabase/lite', {
  driver: 'http',
  keepsSqlstate: false,
  async create() {
    const test = await createTestDatabase()
    const server = await startSupabaseServer(test.url, { hasGateway: true })
    const database = await openDatabase({ driver: 'http', url: server.url, key: server.serviceKey })
    return {
      database,
      server,
      sql: (text) => test.sql(text),
      async callAs(claims, name) {
        await using member = await openDatabase({
          driver: 'http',
          url: server.url,
          key: server.memberKey(claims),
          apiKey: server.anonKey,
        })
        return await member.call(name, {})
      },
      async [Symbol.asyncDispose]() {
        await database.close()
        await server.halt()
        await test.drop()
      },
    }
  },
  cut: async ({ server }) => server.cut(),
  away: ({ server }) => server.halt(),
  back: ({ server }) => server.start(),
})
