import { runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import { chunkText } from '../../src/index.ts'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'
import { readDocs } from './read-docs.ts'

/** What an ingest of this repository's guides costs when they were written before. */
export function describeReingest(open: () => EmbeddingsUnderTest): void {
  test('documents that did not change cost no call and no write; a tenth edited embeds at most 11 % again', async () => {
    const { database } = open()
    const { model, dimensions, texts } = createCountingModel('ingest')
    const embeddings = await open().embeddings({ model, dimensions, cache: { database: false, memoryItems: 1 } })
    const space = embeddings.space('docs')
    const documents = await readDocs('guides')
    const first = await space.upsert(documents)
    const { model: of } = await space.stats()
    /** Where each row lies and which transaction wrote it: any write changes it. */
    const versions = async () =>
      await runSql(
        database,
        `select 'vector' as of, item::text as id, ctid::text, xmin::text from core.embedding_vector_${of.generation}
         union all
         select 'item', i.id::text, i.ctid::text, i.xmin::text from core.embedding_item i
         join core.embedding_generation g on g.space = i.space where g.id = ${of.generation} order by 1, 2`,
        [],
      )
    const before = await versions()
    const asked = texts()
    const unchanged = { added: 0, updated: 0, skipped: first.added, deleted: 0, queued: 0, calls: 0, tokens: 0 }
    expect(await space.upsert(documents)).toMatchObject(unchanged)
    expect(texts()).toBe(asked)
    expect(await versions()).toEqual(before)

    const edited = editPieces(documents, 10)
    const { added, updated } = await space.upsert(edited)
    expect(added + updated).toBeGreaterThan(first.added * 0.08)
    expect((texts() - asked) / first.added).toBeLessThanOrEqual(0.11)
    const kept = new Set(before.map((row) => JSON.stringify(row)))
    const written = (await versions()).filter((row) => row['of'] === 'vector' && !kept.has(JSON.stringify(row)))
    expect(written.length).toBe(texts() - asked)
  })
}

/** Changes a word of every n-th piece, in what neither the piece before repeats nor the next one. */
function editPieces<Document extends { readonly text: string }>(
  documents: readonly Document[],
  every: number,
): Document[] {
  let count = 0
  return documents.map((document) => {
    let { text } = document
    const chunks = chunkText(text)
    for (const [index, { start, end }] of chunks.entries()) {
      if (count++ % every !== 0) continue
      const from = Math.max(start, chunks[index - 1]?.end ?? 0)
      const to = Math.min(end, chunks[index + 1]?.start ?? end)
      const word = /(?<=^[^#\s].*)[a-z]{5,}/m.exec(text.slice(from, to))
      if (word === null) continue
      const at = from + word.index
      text = `${text.slice(0, at)}xedit${text.slice(at + 5)}`
    }
    return { ...document, text }
  })
}
