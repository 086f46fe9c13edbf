import { callable, embeddingQueueSettle, embeddingUpsert } from '@core/api/functions'
import { runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'

const item = { document: 'd', ordinal: 0, content: 'Spend offline with a lease.' }
const ones = (length: number, first: string | number = 1) => `[${[first, ...Array(length - 1).fill(1)].join(',')}]`

const vectors: Readonly<Record<string, string>> = {
  'too few dimensions': ones(15),
  'too many dimensions': ones(17),
  'no dimensions': '[]',
  NaN: ones(16, 'NaN'),
  Infinity: ones(16, 'Infinity'),
  'a number that no halfvec holds': ones(16, 70_000),
  zero: `[${Array(16).fill(0).join(',')}]`,
  'no number': ones(16, 'x'),
  'no vector': 'drop table core.embedding_item',
  SQL: `${ones(16)}'::halfvec); drop table core.embedding_item; --`,
}

const texts: Readonly<Record<string, string>> = { NUL: 'a\0b', 'half of a surrogate pair': 'a\ud800' }

/** What cannot be stored or compared is refused, and nothing is written before that. */
export function describeHostile(open: () => EmbeddingsUnderTest): void {
  async function prepare() {
    const { model, dimensions } = createCountingModel('hostile')
    const project = await open().project()
    const space = (await open().embeddings({ model, dimensions, project })).space('docs')
    await space.upsert([{ id: 'before', text: 'What was there before.' }])
    const { model: of } = await space.stats()
    const rows = async () =>
      await runSql(
        open().database,
        `select 'item' as of, i.id::text, i.xmin::text from core.embedding_item i join core.embedding_space s on s.id = i.space where s.project = '${project}'
         union all select 'vector', item::text, xmin::text from core.embedding_vector_${of.generation}
         union all select 'queue', item::text, xmin::text from core.embedding_queue where generation = ${of.generation}
         union all select 'cache', hash, xmin::text from core.embedding_cache where project = '${project}'
         union all select 'space', id::text, xmin::text from core.embedding_space where project = '${project}' order by 1, 2`,
        [],
      )
    return { project, space, of, rows }
  }

  test('vectors of another length, NaN, zero and what is none are refused by every function before any write', async () => {
    const { project, of, rows } = await prepare()
    const { database } = open()
    const before = await rows()
    for (const [what, vector] of Object.entries(vectors)) {
      const refused = { code: 'E_INVALID', details: { reason: 'invalid_vector' } }
      const good = ones(16)
      const write = callable(
        database,
        embeddingUpsert,
      )({
        space: 'docs',
        items: [item, { ...item, ordinal: 1 }],
        vectors: [good, vector],
        project,
      })
      await expect(write, what).rejects.toMatchObject({ ...refused, details: { ...refused.details, index: 1 } })
      const settle = callable(
        database,
        embeddingQueueSettle,
      )({
        space: 'docs',
        generation: of.generation,
        items: [1],
        hashes: ['0'],
        vectors: [vector],
        project,
      })
      await expect(settle, what).rejects.toMatchObject(refused)
      const search = database.rpc('embedding_search', {
        p_space: 'docs',
        p_vector: vector,
        p_mode: 'vector',
        p_project: project,
      })
      await expect(search, what).rejects.toMatchObject(refused)
    }
    expect(await rows()).toEqual(before)
  })

  test('NUL and half surrogate pairs are refused in every text of a document and of a search before any write', async () => {
    const { space, rows } = await prepare()
    const before = await rows()
    const good = { id: 'good', text: 'A good page.' }
    for (const [what, text] of Object.entries(texts)) {
      const invalid = { code: 'E_INVALID' }
      const refuse = (promise: Promise<unknown>, where: string) =>
        expect(promise, `${what} in ${where}`).rejects.toMatchObject(invalid)
      await refuse(space.upsert([good, { id: 'x', text }]), 'a text')
      await refuse(space.upsert([good, { id: 'x', text: 'x', title: text }]), 'a title')
      await refuse(space.upsert([good, { id: text, text: 'x' }]), 'an id')
      await refuse(space.upsert([good, { id: 'x', text: 'x', metadata: { a: [text] } }]), 'a value')
      await refuse(space.upsert([good, { id: 'x', text: 'x', metadata: { [text]: 1 } }]), 'a key')
      await refuse(space.upsert([good], { tenant: text }), 'a tenant')
      await refuse(space.upsert([good], { source: text }), 'a source')
      await refuse(space.delete([text]), 'a document to delete')
      await refuse(space.search(text), 'a query')
      await refuse(space.search('x', { tenant: text }), 'a tenant of a search')
      await refuse(space.search('x', { source: text }), 'a source of a search')
      await refuse(space.search('x', { filter: { op: 'eq', key: text, value: 1 } }), 'a key of a filter')
      await refuse(space.search('x', { filter: { op: 'eq', key: 'a', value: text } }), 'a value of a filter')
    }
    expect(await rows()).toEqual(before)
  })

  test('a kept vector that is none is embedded again', async () => {
    const { project } = await prepare()
    const { model, dimensions, texts: sent } = createCountingModel('poisoned')
    const first = await open().embeddings({ model, dimensions, project })
    await first.embed(['kept'])
    for (const bad of [ones(15), '[1e999,1]', `[${Array(16).fill(0).join(',')}]`]) {
      await runSql(
        open().database,
        `update core.embedding_cache set embedding = '${bad}' where project = '${project}' and model = 'test/poisoned'`,
      )
      const calls = sent()
      const { vectors: made, usage } = await (await open().embeddings({ model, dimensions, project })).embed(['kept'])
      expect(usage).toMatchObject({ cached: 0, embedded: 1 })
      expect(made[0]).toHaveLength(16)
      expect(sent()).toBe(calls + 1)
    }
  })
}
