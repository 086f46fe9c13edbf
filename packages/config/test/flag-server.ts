import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@core/database'
import { startPostgresServer } from '@core/database/testing'
import pg from 'pg'
import type { FlagDatabase } from '../src/index.ts'

/** A real Postgres server with every migration and the two projects of the examples. */
export interface FlagServer extends AsyncDisposable {
  readonly url: string
  start(): Promise<void>
  stop(): Promise<void>
}

export async function openFlagServer(): Promise<FlagServer> {
  const server = await startPostgresServer({ folder: join(tmpdir(), `core-flags-${randomUUID()}`), migrated: true })
  const url = server.url()
  await register(url)
  return { url, stop: server.halt, start: server.start, [Symbol.asyncDispose]: server.stop }
}

/** A client as the database package has one: named arguments, the function's jsonb back. */
export async function connect(url: string): Promise<FlagClient> {
  const client = new pg.Client(url)
  client.on('error', () => undefined) // a lost connection shows in the next query
  await client.connect()
  const call: FlagClient['call'] = async (name, args = {}) => {
    const names = Object.keys(args)
    const values = Object.values(args).map((value) =>
      typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
    )
    const list = names.map((argument, index) => `${argument} => $${index + 1}`).join(', ')
    const { rows } = await client.query(`select core_api.${name}(${list}) as result`, values)
    return rows[0]?.result
  }
  return {
    call,
    query: async (sql, values) => (await client.query(sql, values)).rows,
    asMember: async (project, caps) => {
      const claims = JSON.stringify({ role: 'core_member', project, caps, sub: `key of ${project}` })
      await client.query('select set_config($1, $2, false)', ['request.jwt.claims', claims])
      await client.query('set role core_member')
    },
    async listen(channel, onHint) {
      client.on('notification', ({ payload }) => onHint(payload ?? ''))
      await client.query(`listen ${channel}`)
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

export interface FlagClient extends AsyncDisposable {
  call(name: string, args?: Record<string, unknown>): Promise<Record<string, unknown>>
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** From here on the connection acts with a project's claims. */
  asMember(project: string, caps: string[]): Promise<void>
  listen(channel: string, onHint: (payload: string) => void): Promise<void>
}

/** What a sibling's process has: the database package's driver, with or without its hints. */
export async function openFlagDatabase(url: string, { hints = false } = {}): Promise<FlagDatabase & AsyncDisposable> {
  const database = await openDatabase({ driver: 'postgres', url, poolSize: 2 })
  return {
    rpc: database.rpc,
    ...(hints && { listen: database.listen }),
    [Symbol.asyncDispose]: () => database.close(),
  }
}

async function register(url: string): Promise<void> {
  await using database = await openDatabase({ driver: 'postgres', url })
  for (const name of ['smart_layer', 'manus_origin']) await database.rpc('project_register', { p_name: name })
}
