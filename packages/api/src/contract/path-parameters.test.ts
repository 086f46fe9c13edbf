import { expect, test } from 'vitest'
import { z } from 'zod'
import { routes } from '../routes.ts'
import { createClient } from './client.ts'

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
