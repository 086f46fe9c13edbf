import { openMemoryDatabase } from '@core/database/testing'
import { createEmbeddings, createLocalModel, type EmbeddingModel, type EmbeddingsOptions } from '../src/index.ts'

/** One embedded database with pgvector, and a project for each test that asks. */
export async function openEmbeddings() {
  const database = await openMemoryDatabase()
  await createEmbeddings({ database }).enable()
  let projects = 0
  return {
    database,
    async project() {
      const p_name = `project_${projects++}`
      await database.rpc('project_register', { p_name })
      return p_name
    },
    async embeddings(options: Partial<EmbeddingsOptions> = {}) {
      return createEmbeddings({ database, project: options.project ?? (await this.project()), ...options })
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

/** A model of eight dimensions that counts what it is asked, and does what a test wants with it. */
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
