import { runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import { eq, type Filter, not } from '../../src/index.ts'
import type { EmbeddingsUnderTest } from '../embeddings-under-test.ts'

/** What a project may have at most: each refusal names its bound, and nothing is written. */
export function describeBounds(open: () => EmbeddingsUnderTest): void {
  test('items, bytes and spaces of a project are bounded, and each refusal names its bound', async () => {
    const project = await open().project()
    const embeddings = await open().embeddings({ project })
    const space = embeddings.space('full')
    const page = { id: 'a.md', text: 'A page.' }
    await space.upsert([page])
    const set = (column: 'items' | 'bytes', value: number) =>
      runSql(open().database, `update core.embedding_space set ${column} = $2 where project = $1`, [
        project,
        `${value}`,
      ])
    const refused = (bound: string, limit: number) => ({
      code: 'E_CONFLICT',
      message: expect.stringContaining(`${limit} ${bound}`),
      details: { reason: 'bound_reached', bound, limit },
    })
    await set('items', 2_000_000)
    await expect(space.upsert([{ ...page, id: 'b.md' }])).rejects.toMatchObject(refused('items', 2_000_000))
    await set('items', 1)
    await set('bytes', 8_589_934_593)
    await expect(space.upsert([{ ...page, id: 'b.md' }])).rejects.toMatchObject(refused('bytes', 8_589_934_592))
    await set('bytes', 7)
    expect(await space.upsert([{ ...page, id: 'b.md' }])).toMatchObject({ added: 1 })
    await runSql(
      open().database,
      `insert into core.embedding_space (project, name, language) select $1, 'space' || n, 'simple' from generate_series(1, 99) n`,
      [project],
    )
    await expect(embeddings.space('one.more').upsert([page])).rejects.toMatchObject(refused('spaces', 100))
  })

  test('a text, a document, k and a filter are bounded, and each refusal says by what', async () => {
    const space = (await open().embeddings()).space('docs')
    const write = (text: string, chunk?: { maxCharacters: number; overlapCharacters: number }) =>
      space.upsert(
        [
          { id: 'small', text: 'x' },
          { id: 'large', text },
        ],
        { chunk },
      )
    await expect(write('x'.repeat(1_048_577))).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
      message: 'document 1 (large) is larger than 1 MB',
      details: { field: 'documents', index: 1 },
    })
    await expect(write('a word '.repeat(10_000), { maxCharacters: 50, overlapCharacters: 0 })).rejects.toMatchObject({
      code: 'E_TOO_LARGE',
      message: expect.stringContaining('at most 1000'),
    })
    await expect(space.stats()).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    await space.upsert([{ id: 'small', text: 'x' }])
    for (const k of [0, 1_001, 1.5]) {
      await expect(space.search('x', { k }), `${k}`).rejects.toMatchObject({ code: 'E_INVALID' })
    }
    const nested = Array.from({ length: 8 }).reduce<Filter>((filter) => not(filter), eq('a', 1))
    await expect(space.search('x', { filter: nested })).rejects.toMatchObject({
      code: 'E_INVALID',
      message: expect.stringContaining('8 levels'),
    })
  })

  test('NUL and half of a surrogate pair are refused with the document and the place', async () => {
    const space = (await open().embeddings()).space('docs')
    const write = (document: object) =>
      space.upsert([
        { id: 'good', text: 'x' },
        { id: 'bad', text: 'x', ...document },
      ])
    await expect(write({ text: '🙂a\ud800' })).rejects.toMatchObject({
      code: 'E_INVALID',
      message: 'document 1 (bad) has half of a surrogate pair at 3',
      details: { field: 'documents', index: 1, at: 3 },
    })
    await expect(write({ title: '🙂\0' })).rejects.toMatchObject({
      message: 'the title of document 1 (bad) has NUL at 2',
      details: { field: 'documents', index: 1, at: 2 },
    })
    await expect(space.search('\udc00')).rejects.toMatchObject({ details: { field: 'query', at: 0 } })
  })
}
