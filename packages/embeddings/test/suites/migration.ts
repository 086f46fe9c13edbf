import type { Database } from '@core/database'
import { runSql } from '@core/database/testing'
import { CoreError } from '@core/foundation'
import { expect, test } from 'vitest'
import { createLocalModel, type Space } from '../../src/index.ts'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'

/** A migration to another model that a program may be killed in. */
export interface MigrationUnderTest {
  readonly under: EmbeddingsUnderTest
  readonly project: string
  /** Ends the program before or after its n-th call of the database; true: it came to its end before that. */
  migrate(deathAt: number, dies: 'before' | 'after'): Promise<boolean>
}

/** The local model of another length. */
export const nextModel = { model: createLocalModel({ dimensions: 32 }), dimensions: 32, revision: '' }

/** A program's database that is gone at the n-th call: what was sent before has happened, its answer is lost. */
export function dieAt(
  { rpc }: Pick<Database, 'rpc'>,
  deathAt: number,
  dies: 'before' | 'after',
  die: () => never,
): Pick<Database, 'rpc'> {
  let calls = 0
  return {
    rpc: async (name, args, options) => {
      calls += 1
      if (calls === deathAt && dies === 'before') die()
      const answer = await rpc(name, args, options)
      if (calls === deathAt) die()
      return answer
    },
  }
}

/** Killed in this process: it throws at the n-th call, and another one continues. */
export function describeMigration(open: () => EmbeddingsUnderTest): void {
  test('a migration that dies before or after each of its calls is continued, and loses no write of its time', async () => {
    const under = open()
    const project = await under.project()
    const died = new CoreError('E_ABORTED', 'killed')
    await proveMigration({
      under,
      project,
      async migrate(deathAt, dies) {
        const { model, dimensions } = createCountingModel('before')
        const database = dieAt(under.database, deathAt, dies, () => {
          throw died
        })
        const embeddings = await under.embeddings({ database, project, model, dimensions, models: [nextModel] })
        try {
          // Not swapped where the one before died right after it had.
          await embeddings.migrate('docs', nextModel)
          return true
        } catch (error) {
          if (error !== died) throw error
          return false
        }
      },
    })
  })
}

/** Kills one migration after another, each a call later, while documents are written, changed and deleted. */
export async function proveMigration({ under, project, migrate }: MigrationUnderTest): Promise<void> {
  const { model, dimensions } = createCountingModel('before')
  const embeddings = await under.embeddings({ project, model, dimensions, models: [nextModel] })
  const space = embeddings.space('docs')
  const texts = new Map(Array.from({ length: 30 }, (_, n) => [`page-${n}`, `The first text of page ${n}.`]))
  await space.upsert([...texts].map(([id, text]) => ({ id, text })))
  const [{ id } = { id: '' }] = await runSql(
    under.database,
    `select id::text from core.embedding_space where project = $1`,
    [project],
  )

  let isOver = false
  let written = 0
  const writing = (async () => {
    while (!isOver) {
      const at = `page-${(written * 7) % 40}`
      written += 1
      const text = `Version ${written} of ${at}, about topic${written % 13}.`
      if (written % 5 === 0) {
        await space.delete([at])
        texts.delete(at)
      } else {
        await space.upsert([{ id: at, text }])
        texts.set(at, text)
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  let kills = 0
  try {
    for (let deathAt = 1, isDone = false; !isDone; deathAt++) {
      for (const dies of ['before', 'after'] as const) {
        isDone ||= await migrate(deathAt, dies)
        if (isDone) break
        kills += 1
        // What a killed program took is free when its time is over.
        await runSql(
          under.database,
          `update core.embedding_queue q set due_at = clock_timestamp() from core.embedding_generation g where g.id = q.generation and g.space = ${id} and q.attempts = 0`,
        )
      }
    }
  } finally {
    isOver = true
    await writing
  }
  expect(kills).toBeGreaterThanOrEqual(8)
  expect(written).toBeGreaterThan(0)
  await space.drain()
  await expectComplete(space, texts)
}

/** Every text is there once, as it was last written, with its own vector of the new model. */
export async function expectComplete(space: Space, texts: ReadonlyMap<string, string>): Promise<void> {
  expect(await space.stats()).toMatchObject({
    queued: 0,
    failed: 0,
    unfilled: 0,
    next: null,
    model: { dims: 32, state: 'active' },
  })
  const { hits } = await space.search('page version text', { mode: 'vector', k: 1_000, include: ['content', 'vector'] })
  const found = new Map(hits.map(({ document, content }) => [document, content]))
  expect(found).toEqual(new Map(texts))
  const { embeddings } = await nextModel.model.doEmbed({ values: hits.map(({ content }) => content ?? '') })
  for (const [index, { vector, document }] of hits.entries()) {
    const expected = embeddings[index] ?? []
    const product = (vector ?? []).reduce((sum, value, at) => sum + value * (expected[at] ?? 0), 0)
    expect(product, document).toBeGreaterThan(0.99)
  }
}
