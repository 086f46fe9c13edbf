import { randomBytes } from 'node:crypto'
import { type Database, openDatabase } from '@core/database'
import { migrateUp } from '@core/database/migrate'
import { openEmbeddedDatabase } from '@core/database/testing'
import { createEmbeddings, createLocalModel, type EmbeddingModel, type EmbeddingsOptions } from '../src/index.ts'

/** A database with pgvector, and a project for each test that asks: the embedded one, or that of an address. */
export async function openEmbeddings(url?: string) {
  const database = url === undefined ? await openEmbeddedDatabase() : await openDatabase({ driver: 'postgres', url })
  if (url !== undefined) await migrateUp({ database })
  await createEmbeddings({ database }).enable()
  return toUnderTest(database)
}

function toUnderTest(database: Database) {
  const run = randomBytes(3).toString('hex')
  let projects = 0
  return {
    database,
    async project() {
      const p_name = `project_${run}_${projects++}`
      await database.rpc('project_register', { p_name })
      return p_name
    },
    async embeddings(options: Partial<EmbeddingsOptions> = {}) {
      return createEmbeddings({ database, project: options.project ?? (await this.project()), ...options })
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

export type EmbeddingsUnderTest = ReturnType<typeof toUnderTest>

/** A model of 16 dimensions that counts what it is asked, and does what a test wants with it. */
export function createCountingModel(
  name: string,
  answer?: (values: readonly string[], embeddings: number[][]) => number[][] | Promise<number[][]>,
) {
  const local = createLocalModel({ dimensions: 16 })
  const asked: string[][] = []
  const model: EmbeddingModel = {
    provider: 'test',
    modelId: name,
    maxEmbeddingsPerCall: undefined,
    async doEmbed({ values }) {
      asked.push([...values])
      const { embeddings } = await local.doEmbed({ values })
      return { embeddings: answer ? await answer(values, embeddings) : embeddings, usage: { tokens: values.length } }
    },
  }
  return { model, dimensions: 16, asked, texts: () => asked.flat().length }
}
