import { expect, test } from 'vitest'
import { openDatabase } from '../src/index.ts'
import { migratePlan, migrateUp } from '../src/migrate/index.ts'
import { createTestDatabase } from '../src/testing/index.ts'

/** What a host may have set that Core cannot work with: it is refused before anything is made, with what to do. */

test.for([
  ['default_transaction_isolation', 'repeatable read', 'read committed'],
  ['default_transaction_isolation', 'serializable', 'read committed'],
  ['standard_conforming_strings', 'off', 'on'],
  ['session_replication_role', 'replica', 'origin'],
] as const)(
  '%s = %s is refused, and the SQL of the message and of the plan changes it',
  async ([name, value, right], { skip }) => {
    await using own = await createTestDatabase({ empty: true })
    await own.sql(`alter database ${own.name} set ${name} = '${value}'`).catch((error: unknown) => {
      if (String(error).includes('not supported')) skip(`this version of Postgres has no other ${name}`)
      throw error
    })
    const sql = `alter role "postgres" in database "${own.name}" set ${name} = '${right}';`
    {
      await using database = await openDatabase({ driver: 'postgres', url: own.url })
      expect((await migratePlan(database)).required).toEqual([sql])
      await expect(migrateUp({ database })).rejects.toMatchObject({
        code: 'E_DATABASE_UNAVAILABLE',
        retryable: false,
        message: expect.stringContaining(`${name} = ${value}`),
        fix: expect.stringContaining(sql),
      })
    }
    expect(await own.sql(`select to_regnamespace('core') is null as untouched`)).toEqual([{ untouched: true }])
    await own.sql(sql)
    await using database = await openDatabase({ driver: 'postgres', url: own.url })
    expect((await migratePlan(database)).required).toEqual([])
    await migrateUp({ database, folder: import.meta.dirname }) // no migrations are here: the settings are what is asked
  },
)

test('a read-only database says so, and what a host may have meant by it', async () => {
  await using own = await createTestDatabase({ empty: true })
  await own.sql(`alter database ${own.name} set default_transaction_read_only = on`)
  await using database = await openDatabase({ driver: 'postgres', url: own.url })
  await expect(migrateUp({ database })).rejects.toMatchObject({
    code: 'E_DATABASE_UNAVAILABLE',
    retryable: true,
    message: 'the database is read-only',
    fix: expect.stringMatching(/disk is full[\s\S]*set default_transaction_read_only = off/),
  })
})

test.each(['LATIN1', 'SQL_ASCII'])('the encoding %s is refused', async (encoding) => {
  await using own = await createTestDatabase({ empty: true })
  const name = `${own.name}_other`
  await own.sql(`create database ${name} encoding '${encoding}' locale 'C' template template0`)
  try {
    await using database = await openDatabase({ driver: 'postgres', url: own.url.replace(own.name, name) })
    await expect(migrateUp({ database })).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining(`encoding ${encoding}`),
      fix: expect.stringContaining(`create database <name> encoding 'UTF8' template template0`),
    })
  } finally {
    await own.sql(`drop database ${name} with (force)`)
  }
})
