import { expect, test } from 'vitest'
import { z } from 'zod'
import { takeClaim } from '../claim/routes.ts'
import { routes } from '../routes.ts'
import { createClient } from './client.ts'
import { accountField, nameField } from './field.ts'

const parameters = routes.flatMap(({ operation, input }) =>
  Object.entries(input.params instanceof z.ZodObject ? input.params.shape : {}).map(
    ([name, schema]) => [`${operation} ${name}`, z.object({ [name]: schema }), name] as const,
  ),
)

test('there are parameters of paths to look at', () => {
  expect(parameters.length).toBeGreaterThan(100)
})

test.each(parameters)('%s cannot be a segment that URLs drop', (_, schema, name) => {
  for (const dots of ['.', '..']) expect(schema.safeParse({ [name]: dots }).success).toBe(false)
})

test('what only looks like one is a name, and a segment of an account or a claim is none', () => {
  for (const name of ['...', '.a', '..a', 'a.', '.\n', 'a/..', '%2e', ' '])
    expect(nameField(9).safeParse(name).success).toBe(true)
  for (const name of ['', '.', '..', '0123456789']) expect(nameField(9).safeParse(name).success).toBe(false)
  const accountOf = (segment: string) => [`a/${segment}`, `a/${segment}/b`, `a/b/${segment}`]
  for (const code of ['...', '.b', '..b', 'b..', '.b.'].flatMap(accountOf)) {
    expect(accountField.safeParse(code).success, code).toBe(true)
  }
  for (const code of ['.', '..', ''].flatMap(accountOf)) expect(accountField.safeParse(code).success, code).toBe(false)
  const { resource } = takeClaim.input.body.shape
  for (const path of ['a', '.../a', 'a/.b/**', 'ü/..b']) expect(resource.safeParse(path).success, path).toBe(true)
  for (const path of ['.', '..', './a', 'a/..', 'a/../b', 'a//b'])
    expect(resource.safeParse(path).success, path).toBe(false)
})

test('the typed client sends nothing that would reach something else', async () => {
  const sent: string[] = []
  const client = createClient({
    url: 'http://127.0.0.1:1',
    fetch: async (url) => {
      sent.push(String(url))
      return Response.json({ key: '...' })
    },
  })
  const remove = (key: string) =>
    client.deleteCacheEntry({ params: { project: 'current', namespace: 'answers', key }, query: {} })
  for (const key of ['.', '..']) {
    await expect(remove(key)).rejects.toMatchObject({ code: 'E_INVALID', details: { field: 'key' } })
  }
  expect(sent).toEqual([])
  await remove('...')
  await remove('%2e%2e')
  expect(sent).toEqual(['...', '%252e%252e'].map((key) => expect.stringMatching(`/cache/answers/entries/${key}$`)))
})
