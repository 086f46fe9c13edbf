import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const schemas = join(import.meta.dirname, '../schemas')
const files = readdirSync(schemas, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.sql'))
  .map((path) => ({ path, text: readFileSync(join(schemas, path), 'utf8') }))

const definitions = files.flatMap(({ path, text }) =>
  [...text.matchAll(/create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w.]+)/gi)].map(([, name]) => ({
    name,
    path,
  })),
)

test('each function is defined in one place', () => {
  expect(definitions.length).toBeGreaterThan(100)
  const places = Map.groupBy(definitions, ({ name }) => name)
  expect([...places.values()].filter((found) => found.length > 1).flat()).toEqual([])
})

test('nothing is replaced or altered later: a file says how things are', () => {
  const later =
    /create\s+or\s+replace|alter\s+(table\s+\S+\s+(add|drop|alter)|function)|drop\s+(function|table|column|constraint)/i
  expect(files.flatMap(({ path, text }) => later.exec(text)?.[0].replace(/^/, `${path}: `) ?? [])).toEqual([])
})
