import type { Database } from '@core/database'
import { runSql } from '@core/database/testing'
import { CoreError } from '@core/foundation'
import { expect, test } from 'vitest'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'

/** An ingest of `pages` that a program may be killed in. */
export interface IngestUnderTest {
  readonly under: EmbeddingsUnderTest
  /** Ends the program before or after its n-th call of the database; how many texts its model was asked for. */
  ingest(project: string, deathAt: number, dies: 'before' | 'after'): Promise<{ isDone: boolean; asked: number }>
}

const count = 12
export const ingestName = 'ingested'
/** Three calls of the model, one after the other. */
export const ingestLimits = { maxInputs: 4, concurrency: 1 }
export const pages = Array.from({ length: count }, (_, n) => ({ id: `${n}.md`, text: `Page ${n} about topic${n}.` }))

/** Killed in this process: from the n-th call of the database on nothing arrives, and no answer comes back. */
export function describeIngest(open: () => EmbeddingsUnderTest): void {
  test('an ingest that dies before or after each of its calls is continued, and pays twice for nothing that was kept', async () => {
    const under = open()
    await proveIngest({
      under,
      async ingest(project, deathAt, dies) {
        const died = new CoreError('E_ABORTED', 'killed')
        let asked = 0
        const { database, requireAlive } = dieFrom(under.database, deathAt, dies, died)
        const { model, dimensions } = createCountingModel(ingestName, (values, vectors) => {
          requireAlive()
          asked += values.length
          return vectors
        })
        const embeddings = await under.embeddings({ database, project, model, dimensions, limits: ingestLimits })
        try {
          await embeddings.space('docs').upsert(pages, { chunk: false })
          return { isDone: true, asked }
        } catch (error) {
          if (error !== died) throw error
          return { isDone: false, asked }
        }
      },
    })
  })
}

function dieFrom({ rpc }: Pick<Database, 'rpc'>, deathAt: number, dies: 'before' | 'after', died: CoreError) {
  let calls = 0
  let isDead = false
  const requireAlive = () => {
    if (isDead) throw died
  }
  const database: Pick<Database, 'rpc'> = {
    rpc: async (name, args, options) => {
      requireAlive()
      calls += 1
      isDead = calls === deathAt
      if (dies === 'before') requireAlive()
      const answer = await rpc(name, args, options)
      requireAlive()
      return answer
    },
  }
  return { database, requireAlive }
}

/** Kills one ingest after another, each a call later; the next program continues each of them. */
export async function proveIngest({ under, ingest }: IngestUnderTest): Promise<void> {
  let kills = 0
  for (let deathAt = 1, isDone = false; !isDone; deathAt++) {
    for (const dies of ['before', 'after'] as const) {
      const project = await under.project()
      const first = await ingest(project, deathAt, dies)
      isDone = first.isDone
      if (isDone) break
      kills += 1
      const [row] = await runSql(
        under.database,
        `select count(*)::text as kept from core.embedding_cache where project = $1`,
        [project],
      )
      // Of the one call of the model whose answer was on its way to the database.
      const lost = first.asked - Number(row?.['kept'])
      expect(lost).toBeLessThanOrEqual(ingestLimits.maxInputs)
      const { model, dimensions, texts } = createCountingModel(ingestName)
      const space = (await under.embeddings({ project, model, dimensions, limits: ingestLimits })).space('docs')
      const { calls } = await space.upsert(pages, { chunk: false })
      expect(first.asked + texts(), `died ${dies} call ${deathAt}`).toBe(count + lost)
      expect(calls).toBe(Math.ceil((count - Number(row?.['kept'])) / ingestLimits.maxInputs))
      expect(await space.stats()).toMatchObject({ items: count, queued: 0 })
      expect((await space.search('page', { mode: 'vector', k: 100 })).hits).toHaveLength(count)
    }
  }
  expect(kills).toBeGreaterThanOrEqual(12)
}
