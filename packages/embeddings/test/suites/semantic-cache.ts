import { createCache } from '@core/cache'
import { describe, expect, test } from 'vitest'
import { type SemanticCacheOptions, semanticCache } from '../../src/index.ts'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'

const model = { model: 'answerer', promptVersion: '1' }
const question = 'How do I reset my password?'
const sameQuestion = 'Please: how do I reset my PASSWORD'

/** Answers of a model by the meaning of the question, and never those of another question, tenant, model or prompt. */
export function describeSemanticCache(open: () => EmbeddingsUnderTest): void {
  /** The worst model there is: to it all texts mean the same, or what `direction` says. */
  async function prepare(direction: (text: string) => readonly number[] = () => [1, 1]) {
    const { model: embeds, dimensions } = createCountingModel('alike', (texts, all) =>
      all.map((vector, index) => vector.map((_, at) => direction(texts[index] ?? '')[at] ?? 0)),
    )
    const project = await open().project()
    const embeddings = await open().embeddings({ model: embeds, dimensions, project })
    const cache = createCache({ jitter: 0 })
    let loads = 0
    const load = (answer: string) => () => {
      loads += 1
      return answer
    }
    const make = (options: Partial<SemanticCacheOptions> = {}) =>
      semanticCache(embeddings, cache, { ...model, mode: 'on', shadowRate: 0, ...options })
    return { embeddings, cache, make, load, loads: () => loads }
  }

  describe('the semantic cache', () => {
    test('is off by default: every answer is loaded and nothing is kept', async () => {
      const { make, load, loads, embeddings } = await prepare()
      const answers = make({ mode: undefined })
      expect(await answers.getOrSet(question, load('one'))).toBe('one')
      expect(await answers.getOrSet(question, load('two'))).toBe('two')
      expect(loads()).toBe(2)
      await expect(embeddings.space('semantic-cache').stats()).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
    })

    test('serves the answer of the same question in other dress, and loads it once for all who ask together', async () => {
      const { make, load, loads } = await prepare()
      const answers = make()
      const together = Array.from({ length: 10 }, () => answers.getOrSet(question, load('by mail')))
      expect(new Set(await Promise.all(together))).toEqual(new Set(['by mail']))
      expect(await answers.getOrSet(sameQuestion, load('never'))).toBe('by mail')
      expect(loads()).toBe(1)
      const { hits, misses, ...rest } = answers.stats()
      expect(hits).toBeGreaterThanOrEqual(1)
      expect(hits + misses).toBe(11)
      expect(rest).toEqual({ rejected: 0, shadowed: 0, falseHits: 0, falseHitRate: undefined })
    })

    test.each([
      'How do I not reset my password?',
      'How do I reset my 2 passwords?',
      'When do I reset my password?',
      'How does my password reset me?',
    ])('does not answer %j with what is near by its vector alone', async (other) => {
      const { make, load } = await prepare()
      const answers = make()
      await answers.getOrSet(question, load('by mail'))
      expect(await answers.getOrSet(other, load('another answer'))).toBe('another answer')
      expect(answers.stats()).toMatchObject({ hits: 0, misses: 2, rejected: 1 })
    })

    test('shares nothing between tenants, models and versions of the prompt', async () => {
      const { make, load } = await prepare()
      await make().getOrSet(question, load('of none'))
      await make().getOrSet(question, load('of acme'), { tenant: 'acme' })
      await make({ model: 'other' }).getOrSet(question, load('of other'))
      await make({ promptVersion: '2' }).getOrSet(question, load('of version 2'))
      const again = (options: Partial<SemanticCacheOptions>, tenant?: string) =>
        make(options).getOrSet(sameQuestion, load('lost'), { tenant })
      expect(await again({})).toBe('of none')
      expect(await again({}, 'acme')).toBe('of acme')
      expect(await again({ model: 'other' })).toBe('of other')
      expect(await again({ promptVersion: '2' })).toBe('of version 2')
      expect(await again({}, 'other')).toBe('lost')
      expect(await again({ model: 'third' })).toBe('lost')
      // Found among its own questions, where no other tenant has asked.
      const ask = (text: string, answer: string, tenant: string) => make().getOrSet(text, load(answer), { tenant })
      await ask('When does it open?', 'at eight', 'acme')
      expect(await ask('when does it OPEN', 'at nine', 'acme')).toBe('at eight')
      expect(await ask('when does it OPEN', 'at nine', 'other')).toBe('at nine')
    })

    test('needs the threshold as well, which cannot be less than 0.95', async () => {
      const { make, load } = await prepare((text) => (text === question ? [1, 0] : [0.94, Math.sqrt(1 - 0.94 ** 2)]))
      const answers = make()
      await answers.getOrSet(question, load('by mail'))
      expect(await answers.getOrSet(sameQuestion, load('loaded'))).toBe('loaded')
      expect(answers.stats()).toMatchObject({ hits: 0, misses: 2, rejected: 0 })
      for (const threshold of [0.9499, 1.1, Number.NaN]) expect(() => make({ threshold })).toThrow('threshold')
      expect(() => make({ shadowRate: 2 })).toThrow('shadowRate')
    })

    test('a shadow sample loads what would be served, reports the false hits, and keeps the fresh answer', async () => {
      const { make, load } = await prepare()
      const shadow = make({ mode: 'shadow' })
      expect(await shadow.getOrSet(question, load('one'))).toBe('one')
      expect(await shadow.getOrSet(sameQuestion, load('one'))).toBe('one')
      expect(await shadow.getOrSet(sameQuestion, load('two'))).toBe('two')
      expect(shadow.stats()).toMatchObject({ hits: 0, misses: 1, shadowed: 2, falseHits: 1, falseHitRate: 0.5 })
      const sampling = make({ shadowRate: 0.5, random: () => 0.4, isSameAnswer: () => true })
      expect(await sampling.getOrSet(question, load('three'))).toBe('three')
      expect(sampling.stats()).toMatchObject({ hits: 0, shadowed: 1, falseHits: 0 })
      const serving = make({ shadowRate: 0.5, random: () => 0.6 })
      expect(await serving.getOrSet(question, load('four'))).toBe('two')
    })

    test('an answer that is gone is loaded again, and its question can be pruned', async () => {
      const { make, load, cache, embeddings } = await prepare()
      const answers = make()
      await answers.getOrSet(question, load('one'))
      await answers.getOrSet('What is a lease?', load('a lease'))
      await cache.clear()
      expect(await answers.getOrSet(sameQuestion, load('two'))).toBe('two')
      expect(await answers.prune()).toBe(2)
      expect(await embeddings.space('semantic-cache').stats()).toMatchObject({ items: 1 })
      expect(await answers.getOrSet(sameQuestion, load('three'))).toBe('two')
    })

    test('what fails in it costs a load and no error; what the caller loads and aborts is the caller’s', async () => {
      const { make, load, cache } = await prepare(() => [Number.NaN])
      const blind = make()
      expect(await blind.getOrSet(question, load('one'))).toBe('one')
      expect(await blind.getOrSet(question, load('two'))).toBe('one')
      const broken = new Error('the database is away')
      const fail = () => Promise.reject(broken)
      const away = semanticCache(
        { space: () => ({ search: fail, upsert: fail, delete: fail, documents: async function* () {} }) },
        cache,
        { ...model, promptVersion: '9', mode: 'on' },
      )
      expect(await away.getOrSet(question, load('three'))).toBe('three')
      const own = new Error('the model failed')
      await expect(away.getOrSet('another', () => Promise.reject(own))).rejects.toBe(own)
      const signal = AbortSignal.abort(new Error('given up'))
      await expect(make().getOrSet(question, load('four'), { signal })).rejects.toThrow('given up')
    })
  })
}
