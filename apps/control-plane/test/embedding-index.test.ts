import { buildVectorIndex } from '@core/database'
import { openEmbeddedDatabase } from '@core/database/testing'
import { createEmbeddings } from '@core/embeddings'
import { CoreError, silentLogger } from '@core/foundation'
import { expect, test } from 'vitest'
import { drainLoop } from '../src/nouns/embedding/draining.ts'
import { indexLoop } from '../src/nouns/embedding/indexing.ts'

test('on the embedded database an index is built within its bounds, and items written after it are in it', async () => {
  await using database = await openEmbeddedDatabase()
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

test('a space whose index cannot be built, or whose queue cannot be worked off, keeps no other waiting', async () => {
  await using database = await openEmbeddedDatabase()
  const text = (n: number) => ({ document: `${n}`, ordinal: 0, content: `page number ${n}` })
  for (const p_name of ['first', 'second', 'third']) await database.rpc('project_register', { p_name })
  const embeddings = (project: string) => createEmbeddings({ database, project })
  await embeddings('first').enable()
  for (const project of ['first', 'second', 'third']) {
    await embeddings(project)
      .space('docs')
      .upsert([{ id: 'x', text: 'x' }])
    await database.call('embedding_upsert', { p_space: 'docs', p_items: [text(1), text(2)], p_project: project })
  }
  const { model } = await embeddings('second').space('docs').stats()
  const signal = new AbortController().signal
  const warned: unknown[] = []
  const logger = { ...silentLogger, warn: (details: object) => void warned.push(details) }
  const index = indexLoop({
    database,
    buildVectorIndex: async (target, options) => {
      if (target.generation === model.generation) throw new CoreError('E_INTERNAL', 'no memory')
      return await buildVectorIndex(database, target, options)
    },
    policy: { everyMs: 1, least: 1 },
    logger,
  })
  await expect(index.work(signal)).rejects.toThrow('no memory')
  const drain = drainLoop({
    database,
    open({ project }) {
      if (project === 'second') throw new CoreError('E_INTERNAL', 'no answer')
      if (project === 'third') throw new CoreError('E_NOT_FOUND', 'dropped meanwhile')
      return { embeddings: embeddings(project), cost: () => 0 }
    },
    logger,
  })
  await expect(drain.work(signal)).rejects.toThrow('no answer')
  // Each with its place: a loop that fails is logged once, and one that fails always would hide the others.
  expect(warned).toMatchObject([
    { generation: model.generation, err: { message: 'no memory' } },
    { project: 'second', space: 'docs', err: { message: 'no answer' } },
  ])
  const states = ['first', 'second', 'third'].map((project) => embeddings(project).space('docs').stats())
  expect(await Promise.all(states)).toMatchObject([
    { queued: 0, model: { index_state: 'ready' } },
    { queued: 2, model: { index_state: 'none' } },
    { queued: 2, model: { index_state: 'ready' } },
  ])
})
