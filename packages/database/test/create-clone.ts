import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { PostgresServer } from '../src/testing/index.ts'

/** A clone of the server's database `postgres`, with a fresh connection per statement, so that it outlives restarts. */
export async function createClone(server: PostgresServer) {
  const name = `clone_${randomBytes(6).toString('hex')}`
  await run(server.url('template1'), `create database ${name} template postgres`)
  return {
    url: server.url(name),
    sql: (text: string) => run(server.url(name), text),
    cutOthers: () =>
      run(server.url('template1'), `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`),
    drop: () => run(server.url('template1'), `drop database if exists ${name} with (force)`),
  }
}

async function run(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}
