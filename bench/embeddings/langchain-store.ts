import { SupabaseVectorStore } from '@langchain/community/vectorstores/supabase'
import { Document } from '@langchain/core/documents'
import { Embeddings } from '@langchain/core/embeddings'
import { createClient } from '@supabase/supabase-js'
import type { Corpus } from './corpus.ts'
import { k, metadataOf, numberOf, type Store } from './stores.ts'

export function langChainStore(server: { url: string; serviceKey: string }, table: string, corpus: Corpus): Store {
  const client = createClient(server.url, server.serviceKey, { auth: { persistSession: false } })
  const store = new SupabaseVectorStore(new NoEmbeddings({}), {
    client,
    tableName: table,
    queryName: `match_${table}`,
  })
  return {
    name: 'LangChain',
    async search(vector, filter) {
      const found = await store.similaritySearchVectorWithScore(vector, k, filter)
      return found.map(([{ pageContent }]) => numberOf(pageContent))
    },
    async write(from, count) {
      const numbers = Array.from({ length: count }, (_, at) => from + at)
      await store.addVectors(
        numbers.map((n) => Array.from(corpus.vector(n))),
        numbers.map((n) => new Document({ pageContent: corpus.text(n), metadata: metadataOf(n) })),
      )
    },
  }
}

/** Vectors are at hand: no store embeds here. */
class NoEmbeddings extends Embeddings {
  async embedDocuments(): Promise<number[][]> {
    throw new Error('nothing is embedded here')
  }
  async embedQuery(): Promise<number[]> {
    throw new Error('nothing is embedded here')
  }
}
