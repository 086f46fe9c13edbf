import { callable, embeddingCacheGetMany, embeddingCachePutMany, embeddingSweep } from '@core/api/functions'
import { runSql } from '@core/database/testing'
import { CoreError } from '@core/foundation'
import { describe, expect, test } from 'vitest'
import { and, createLocalModel, eq, gt, isIn, type ModelUsage, not, type Rerank } from '../../src/index.ts'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'

const corpus = Array.from({ length: 20 }, (_, n) => ({
  id: `page-${n}.md`,
  text: `# Page ${n}\n\nThis is page number ${n}. It speaks of topic${n} and of nothing else.\n\n## Details\n\nMore of topic${n}.`,
  metadata: { n, even: n % 2 === 0 },
}))

/** What a caller of `createEmbeddings` is promised. */
export function describeBehaviour(open: () => EmbeddingsUnderTest): void {
  describe('behaviour', () => {
    test('what is unchanged costs no call of the model and no write; of what is edited only the pieces that changed', async () => {
      const { model, dimensions, asked, texts } = createCountingModel('counting')
      const embeddings = await open().embeddings({ model, dimensions })
      const space = embeddings.space('docs')
      const first = await space.upsert(corpus)
      expect(first).toMatchObject({ added: 40, updated: 0, skipped: 0, deleted: 0, queued: 0, stopped: undefined })
      const calls = asked.length
      expect(await space.upsert(corpus)).toMatchObject({ added: 0, updated: 0, skipped: 40, calls: 0, tokens: 0 })
      expect(asked.length).toBe(calls)
      const sent = texts()
      const edited = corpus.map((page, n) => (n < 2 ? { ...page, text: `${page.text} Edited.` } : page))
      expect(await space.upsert(edited)).toMatchObject({ added: 0, updated: 2, skipped: 38 })
      expect(texts() - sent).toBe(2)
    })

    test('search finds the page by vector, by text and by both, with its place in the document', async () => {
      const space = (await open().embeddings()).space('docs')
      await space.upsert(corpus)
      for (const mode of ['vector', 'text', 'hybrid'] as const) {
        const { hits, plan, complete } = await space.search('tell me about topic7', { mode, k: 3 })
        expect(hits[0]).toMatchObject({ document: 'page-7.md', metadata: { n: 7, even: false } })
        expect(complete).toBe(true)
        expect(plan).toBe(mode === 'text' ? 'text' : 'exact')
        const [hit] = hits
        expect(corpus[7]?.text.slice(hit?.start, hit?.end)).toBe(hit?.content)
        expect(hit?.vector).toBeUndefined()
      }
    })

    test('filters are data: they select, nest, and mean what they say for missing keys', async () => {
      const space = (await open().embeddings()).space('docs')
      await space.upsert(corpus)
      const pages = async (filter: Parameters<typeof space.search>[1]) =>
        new Set(
          (await space.search('page', { k: 100, mode: 'vector', ...filter })).hits.map(
            ({ metadata }) => metadata?.['n'],
          ),
        )
      expect(await pages({ filter: and(eq('even', true), gt('n', 15)) })).toEqual(new Set([16, 18]))
      expect(await pages({ filter: isIn('n', [3, 5, 'x']) })).toEqual(new Set([3, 5]))
      expect((await pages({ filter: not(eq('missing', 1)) })).size).toBe(20)
      expect((await pages({ filter: eq(`x" == 1) || (@ == "`, '") || true') })).size).toBe(0)
      await expect(pages({ filter: JSON.parse('{"op": "drop", "key": "a"}') })).rejects.toMatchObject({
        code: 'E_INVALID',
        details: { reason: 'invalid_filter' },
      })
    })

    test('a tenant sees its own items alone', async () => {
      const space = (await open().embeddings()).space('docs')
      await space.upsert(corpus.slice(0, 4), { tenant: 'acme' })
      await space.upsert(corpus.slice(4, 6), { tenant: 'other' })
      for (const mode of ['vector', 'text', 'hybrid'] as const) {
        const documents = async (tenant?: string) =>
          new Set((await space.search('page topic', { k: 100, mode, tenant })).hits.map(({ document }) => document))
        expect((await documents('acme')).size).toBe(4)
        expect((await documents('other')).size).toBe(2)
        expect((await documents()).size).toBe(0)
      }
    })

    test('equal texts are embedded once, also by callers at the same time, and answers keep the order', async () => {
      const { model, dimensions, texts } = createCountingModel('folding')
      const embeddings = await open().embeddings({ model, dimensions })
      const [one, other] = await Promise.all([embeddings.embed(['a', 'b', 'a', '']), embeddings.embed(['b', 'a'])])
      expect(texts()).toBe(2)
      expect(one.vectors[0]).toEqual(one.vectors[2])
      expect(one.vectors[3]).toBeUndefined()
      expect(other.vectors).toEqual([one.vectors[1], one.vectors[0]])
    })

    test('a caller that gives up does not fail those who wait for the same texts', async () => {
      const started = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      const { model, dimensions, asked } = createCountingModel('given-up', async (_, all) => {
        started.resolve()
        await gate.promise
        return all
      })
      const embeddings = await open().embeddings({ model, dimensions })
      const leaving = new AbortController()
      const first = embeddings.embed(['shared'], { signal: leaving.signal }).catch((error: unknown) => error)
      await started.promise
      const second = embeddings.embed(['shared', 'own'])
      // The second waits once its own text has been sent.
      await expect.poll(() => asked.length).toBe(2)
      leaving.abort()
      expect(await first).toMatchObject({ code: 'E_ABORTED' })
      gate.resolve()
      expect(await second).toMatchObject({ failures: [], vectors: [expect.any(Array), expect.any(Array)] })
    })

    test('vectors are kept in the database: another process does not pay for them again', async () => {
      const project = await open().project()
      const first = createCountingModel('kept')
      const second = createCountingModel('kept')
      const one = await (await open().embeddings({ project, ...first })).embed(['paid once'])
      const other = await (await open().embeddings({ project, ...second })).embed(['paid once'])
      expect(second.asked).toEqual([])
      expect(other).toMatchObject({ usage: { cached: 1, calls: 0 }, vectors: one.vectors })
    })

    test('a sweep deletes kept vectors that are no longer used, a bounded number at a time', async () => {
      const project = await open().project()
      const { model, dimensions } = createCountingModel('swept')
      await (await open().embeddings({ project, model, dimensions })).embed(['one', 'two', 'three'])
      const sweep = callable(open().database, embeddingSweep)
      expect(await sweep({ keep: '1 hour' })).toMatchObject({ swept: 0 })
      expect(await sweep({ keep: '0 seconds', limit: 2 })).toMatchObject({ swept: 2 })
      while ((await sweep({ keep: '0 seconds', limit: 1000 })).swept > 0);
      const again = await (await open().embeddings({ project, model, dimensions })).embed(['one', 'two', 'three'])
      expect(again.usage).toMatchObject({ cached: 0, embedded: 3 })
    })

    test('a project that keeps a million vectors loses those that were not used for longest', async () => {
      const project = await open().project()
      const put = async (hashes: readonly string[]) =>
        await callable(
          open().database,
          embeddingCachePutMany,
        )({
          model: 'm',
          dims: 2,
          hashes: hashes.map((digit) => digit.repeat(64)),
          vectors: hashes.map(() => '[1,2]'),
          project,
        })
      await put(['1', '2'])
      await put(['3'])
      await runSql(
        open().database,
        `update core.embedding_cache_size set vectors = 999999 where project = '${project}'`,
      )
      expect(await put(['3', '4', '5', '6'])).toMatchObject({ kept: 3 })
      const { vectors } = await callable(
        open().database,
        embeddingCacheGetMany,
      )({
        model: 'm',
        dims: 2,
        hashes: ['1', '2', '3', '4', '5', '6'].map((digit) => digit.repeat(64)),
        project,
      })
      expect(vectors.map((vector) => vector !== null)).toEqual([false, false, true, true, true, true])
      const [size] = await runSql(open().database, `select vectors from core.embedding_cache_size where project = $1`, [
        project,
      ])
      expect(size).toEqual({ vectors: '1000000' })
    })

    test.each([
      ['too few vectors', (_: unknown, all: number[][]) => all.slice(1)],
      ['NaN', (_: unknown, all: number[][]) => all.map((vector) => vector.map(() => Number.NaN))],
      ['a zero vector', (_: unknown, all: number[][]) => all.map((vector) => vector.map(() => 0))],
      ['another dimension', (_: unknown, all: number[][]) => all.map((vector) => vector.slice(1))],
      [
        'an error',
        () => {
          throw new Error('overloaded')
        },
      ],
    ])(
      'a model that answers %s: items are queued with the reason, found by text, and drained later',
      async (_, fault) => {
        let isBroken = true
        const { model, dimensions } = createCountingModel('broken', (values, all) =>
          isBroken ? fault(values, all) : all,
        )
        const space = (await open().embeddings({ model, dimensions })).space('docs')
        expect(await space.upsert(corpus.slice(0, 3))).toMatchObject({ added: 6, queued: 6 })
        expect(await space.stats()).toMatchObject({ queued: 6 })
        expect((await space.search('topic2', { mode: 'text' })).hits[0]?.document).toBe('page-2.md')
        isBroken = false
        expect(await space.drain()).toBe(6)
        expect(await space.stats()).toMatchObject({ queued: 0, failed: 0 })
        expect((await space.search('topic2', { mode: 'vector', k: 100 })).hits.length).toBe(6)
      },
    )

    test('a model that answers too late: items are queued with the reason, and what succeeded before is kept', async () => {
      const { model, dimensions } = createCountingModel('late', (values, all) =>
        values[0]?.includes('topic9') ? new Promise(() => undefined) : all,
      )
      const limits = { maxInputs: 2, concurrency: 1, timeoutMs: 50 }
      const space = (await open().embeddings({ model, dimensions, limits })).space('docs')
      expect(await space.upsert(corpus.slice(8, 11))).toMatchObject({ added: 6, queued: 2 })
      expect((await space.search('page', { mode: 'vector', k: 100 })).hits.length).toBe(4)
    })

    test('one bad vector costs only its text', async () => {
      const { model, dimensions } = createCountingModel('partial', (values, all) =>
        all.map((vector, n) => (values[n]?.includes('Page 1\n') ? [] : vector)),
      )
      const space = (await open().embeddings({ model, dimensions })).space('docs')
      expect(await space.upsert(corpus.slice(0, 3))).toMatchObject({ added: 6, queued: 1, stopped: undefined })
    })

    test('a budget that ends stops the ingest, says so, and the rest is queued', async () => {
      const { model, dimensions, asked } = createCountingModel('budget')
      let calls = 0
      const broke = new CoreError('E_CONFLICT', 'denied: insufficient credits')
      let left = 1
      const used: ModelUsage[] = []
      const embeddings = await open().embeddings({
        model,
        dimensions,
        limits: { maxInputs: 10, concurrency: 1 },
        price: ({ tokens }) => tokens * 3,
        onUsage: (usage) => used.push(usage),
        spend: async ({ cost, texts: count }, work) => {
          calls += 1
          expect([cost > 0, count]).toEqual([true, 10])
          if (left-- <= 0) throw broke
          return work()
        },
      })
      const space = embeddings.space('docs')
      const result = await space.upsert(corpus)
      expect(used).toEqual([{ provider: 'test', model: 'budget', texts: 10, tokens: 10, cost: 30 }])
      expect(result).toMatchObject({
        added: 40,
        queued: 30,
        tokens: 10,
        cost: 30,
        stopped: { message: 'denied: insufficient credits' },
      })
      expect([calls, asked.length]).toEqual([2, 1])
      left = 100
      expect(await space.drain()).toBe(30)
    })

    test('cleanup by source deletes what is no longer there, and only of that source', async () => {
      const space = (await open().embeddings()).space('docs')
      await space.upsert(corpus.slice(0, 5), { source: 'kb' })
      await space.upsert(corpus.slice(5, 8), { source: 'other' })
      const result = await space.upsert(corpus.slice(0, 2), { source: 'kb', cleanup: 'by-source' })
      expect(result).toMatchObject({ skipped: 4, deleted: 6 })
      expect(await space.stats()).toMatchObject({ items: 10 })
      const left = await Array.fromAsync(space.documents({ source: 'kb' }))
      expect(left.map(({ id }) => id)).toEqual(['page-0.md', 'page-1.md'])
    })

    test.each([
      ['NUL', 'a\0b'],
      ['half of a surrogate pair', 'a\ud800'],
    ])('a text with %s is refused before any write, with its place', async (what, text) => {
      const space = (await open().embeddings()).space('docs')
      await expect(space.upsert([{ id: 'x', text }])).rejects.toMatchObject({
        code: 'E_INVALID',
        message: expect.stringContaining(what),
      })
    })

    test('an empty text is an item without a vector, and the result says so', async () => {
      const space = (await open().embeddings()).space('docs')
      expect(await space.upsert([{ id: 'empty', text: '' }])).toMatchObject({ added: 1, queued: 0, empty: 1, calls: 0 })
      expect(await space.upsert([{ id: 'empty', text: '' }])).toMatchObject({ skipped: 1, empty: 1, calls: 0 })
    })

    test('vectors of another length, NaN and zero are refused by search', async () => {
      const space = (await open().embeddings()).space('docs')
      await space.upsert(corpus.slice(0, 1))
      for (const vector of [[1, 2], Array(384).fill(Number.NaN), Array(384).fill(0)]) {
        await expect(space.search({ vector }, { mode: 'vector' })).rejects.toMatchObject({ code: 'E_INVALID' })
      }
    })

    test('a migration keeps writes of its time, refuses vectors of the old model, and changes places', async () => {
      const project = await open().project()
      const old = createCountingModel('old')
      const next = { model: createLocalModel({ dimensions: 32 }), dimensions: 32 }
      const before = await open().embeddings({ project, ...old, models: [next] })
      const space = before.space('docs')
      await space.upsert(corpus.slice(0, 10))
      let during: Promise<unknown> | undefined
      const result = await before.migrate('docs', next, {
        onProgress: () => {
          during ??= space.upsert([...corpus.slice(8, 12), { id: 'late', text: 'A late page of lateness.' }])
        },
        approve: async () => {
          await during
          await space.drain()
          return true
        },
      })
      expect(result).toMatchObject({ swapped: true })
      expect(await space.stats()).toMatchObject({ next: null, queued: 0, model: { dims: 32, state: 'active' } })
      const { hits } = await space.search('page', { mode: 'vector', k: 100 })
      expect(hits.length).toBe(25)
      expect((await before.migrate('docs', next)).swapped).toBe(false)
    })

    test('two programs that migrate a space at once share the work, one changes places, and nothing is lost', async () => {
      const project = await open().project()
      const before = createCountingModel('old')
      const after = createCountingModel('new')
      const { model, dimensions } = before
      const pages = Array.from({ length: 450 }, (_, n) => ({ id: `${n}`, text: `Page number ${n}.` }))
      const programs = [
        await open().embeddings({ project, model, dimensions, models: [after] }),
        await open().embeddings({ project, model, dimensions, models: [after] }),
      ]
      const space = programs[0]?.space('docs')
      await space?.upsert(pages, { chunk: false })
      const done = await Promise.all(programs.map((program) => program.migrate('docs', after)))
      expect(done.filter(({ swapped }) => swapped)).toHaveLength(1)
      expect(done.reduce((sum, { written }) => sum + written, 0)).toBe(pages.length)
      expect(after.texts()).toBe(pages.length)
      expect(await space?.stats()).toMatchObject({ items: 450, queued: 0, next: null, model: { model: 'new' } })
      expect((await space?.search('page', { mode: 'vector', k: 1_000 }))?.hits).toHaveLength(450)
    })

    test('mmr prefers hits unlike those before; rerank orders them', async () => {
      const space = (await open().embeddings()).space('docs')
      const near = ['a cat sat', 'a cat sat down', 'a cat sat here', 'dogs and cats run']
      await space.upsert(near.map((text, n) => ({ id: `${n}`, text })))
      const options = { mode: 'vector', k: 2 } as const
      const plain = (await space.search('a cat sat', options)).hits.map(({ document }) => document)
      const mixed = (await space.search('a cat sat', { ...options, mmr: { lambda: 0.3 } })).hits.map(
        ({ document }) => document,
      )
      expect(plain).not.toContain('3')
      expect(mixed).toContain('3')
      const asked: string[] = []
      const by: Rerank = async (query, hits) => {
        asked.push(query, ...hits.map(({ content }) => content ?? ''))
        return hits.toSorted((one, other) => other.document.localeCompare(one.document))
      }
      const { hits } = await space.search('a cat sat', { ...options, rerank: { by, depth: 2 }, include: ['metadata'] })
      expect(hits.map(({ document, content }) => [document, content])).toEqual([
        ['3', undefined],
        ['2', undefined],
      ])
      expect(asked[0]).toBe('a cat sat')
      expect(asked.slice(1).toSorted()).toEqual(near.toSorted())
    })
  })
}
