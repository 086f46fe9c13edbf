import { roleScopes } from '@core/api'
import { createTestDatabase, type SupabaseServer, startSupabaseServer, type TestDatabase } from '@core/database/testing'
import type { ConnectionOptions } from '../src/choose-connection.ts'

export interface CoreServer extends AsyncDisposable {
  readonly test: TestDatabase
  readonly rest: SupabaseServer
  /** The three ways to it, each as the project `painter`. */
  readonly ways: Ways
  /** Where they lead to. */
  readonly addresses: Readonly<Record<keyof Ways, string>>
  /** The ways with another address. */
  waysThrough(url: string): Ways
}

type Ways = Readonly<Record<'http' | 'postgres' | 'supabase', ConnectionOptions>>

export const noEnvironment = { XDG_CONFIG_HOME: '/nonexistent' }

/** A database with the project `painter` that has 100 credits, behind a REST server that can be killed and started. */
export async function startCoreServer(): Promise<CoreServer> {
  const test = await createTestDatabase()
  for (const project of ['painter', 'writer']) {
    await test.database.rpc('project_register', { p_name: project })
    await test.database.rpc('ledger_account_open', { p_key: `open ${project}`, p_account: project })
    await test.database.rpc('ledger_grant', { p_key: `grant ${project}`, p_account: project, p_amount: 100_000_000 })
  }
  const rest = await startSupabaseServer(test.url)
  const key = rest.memberKey({ role: 'core_member', project: 'painter', caps: roleScopes.owner, sub: 'key:test' })
  const addresses = { http: rest.url, postgres: test.url, supabase: rest.url }
  const waysTo = ({ http, postgres, supabase }: typeof addresses): Ways => ({
    http: { url: http, key },
    postgres: { databaseUrl: postgres },
    supabase: { supabaseUrl: supabase, supabaseKey: key, supabaseApiKey: rest.anonKey },
  })
  return {
    test,
    rest,
    addresses,
    ways: waysTo(addresses),
    waysThrough: (url) => waysTo({ http: url, postgres: url, supabase: url }),
    async [Symbol.asyncDispose]() {
      await rest.halt()
      await test.drop()
    },
  }
}
