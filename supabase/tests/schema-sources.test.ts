import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const schemas = join(import.meta.dirname, '../schemas')
const files = readdirSync(schemas, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.sql'))
  .map((path) => ({ path, text: readFileSync(join(schemas, path), 'utf8') }))

/** The functions that are defined more than once, with each place. */
function findRepeats(sources: typeof files): string[] {
  const definitions = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w.]+)/gi)].map(([, name]) => ({
      name,
      path,
    })),
  )
  return [...Map.groupBy(definitions, ({ name }) => name).values()]
    .filter((found) => found.length > 1)
    .flatMap((found) => found.map(({ name, path }) => `${path}: ${name}`))
}

/** The statements that change what another one defined. */
function findLaterChanges(sources: typeof files): string[] {
  const later =
    /create\s+or\s+replace|alter\s+(table\s+\S+\s+(add|drop|alter)|function)|drop\s+(function|table|column|constraint)/i
  // A table that a function makes and drops, with a name of its own, is none of the schema's.
  const computed = /(alter|drop) table (if exists )?core\.%I/g
  return sources.flatMap(
    ({ path, text }) => later.exec(text.replaceAll(computed, ''))?.[0].replace(/^/, `${path}: `) ?? [],
  )
}

test('each function is defined in one place', () => {
  expect(files.length).toBeGreaterThan(30)
  expect(findRepeats(files)).toEqual([])
})

test('nothing is replaced or altered later: a file says how things are', () => {
  expect(findLaterChanges(files)).toEqual([])
})

test('a function that is defined twice is named with both places', () => {
  const twice = ['a.sql', 'b.sql'].map((path) => ({ path, text: 'create function core.f() returns void' }))
  expect(findRepeats(twice)).toEqual(['a.sql: core.f', 'b.sql: core.f'])
})

test.each([
  'create or replace function core.f() returns void',
  'alter table core.t add column x int',
  'alter function core.f() stable',
  'drop function core.f',
])('%s is named', (text) => {
  expect(findLaterChanges([{ path: 'a.sql', text }])).toHaveLength(1)
})
