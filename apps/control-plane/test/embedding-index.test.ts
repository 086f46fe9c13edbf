import { buildVectorIndex } from '@core/database'
import { openMemoryDatabase } from '@core/database/testing'
import { createEmbeddings } from '@core/embeddings'
import { silentLogger } from '@core/foundation'
import { expect, test } from 'vitest'
import { indexLoop } from '../src/nouns/embedding/indexing.ts'

test('on the embedded database an index is built within its bounds, and items written after it are in it', async () => {
  await using database = await openMemoryDatabase()
  await database.rpc('project_register', { p_name: 'indexer' })
  const embeddings = createEmbeddings({ database, project: 'indexer' })
  await embeddings.enable()
  const write = async (space: string, from: number, count: number) => {
    const pages = Array.from({ length: count }, (_, n) => ({ id: `${from + n}`, text: `page number ${from + n}` }))
    await embeddings.space(space).upsert(pages)
  }
  await write('small', 0, 5)
  await write('middle', 0, 20)
  await write('large', 0, 40)
  const { work } = indexLoop({
    database,
    buildVectorIndex: (target, options) => buildVectorIndex(database, target, options),
    policy: { everyMs: 1, least: 10, most: 30 },
    logger: silentLogger,
  })
  const signal = new AbortController().signal
  expect(await work(signal)).toBe(1)
  expect(await work(signal)).toBe(0)
  const states = async () =>
    Promise.all(
      ['small', 'middle', 'large'].map(async (name) => (await embeddings.space(name).stats()).model.index_state),
    )
  expect(await states()).toEqual(['none', 'ready', 'none'])
  await write('middle', 20, 10)
  const { hits } = await embeddings.space('middle').search('page number 25', { mode: 'vector', k: 30 })
  expect(hits).toHaveLength(30)
})
