import type { Space } from '@core/embeddings'
import { type Corpus, dims, toVectorText } from './corpus.ts'

/** What each store does: find the ten nearest with their texts, and write items. */
export interface Store {
  readonly name: string
  /** Numbers of the items, best first. */
  search(vector: number[], filter?: Readonly<Record<string, unknown>>): Promise<number[]>
  write(from: number, count: number): Promise<void>
}

export const k = 10
export const numberOf = (text: string | undefined) => Number(/^item(\d+)/.exec(text ?? '')?.[1] ?? Number.NaN)
export const metadataOf = (n: number) => ({ n, tenant: n % 23, rare: n % 200 })

export function coreStore(name: string, space: Pick<Space, 'search' | 'upsert'>, corpus: Corpus): Store {
  return {
    name,
    async search(vector, filter) {
      const [[key, value] = []] = Object.entries(filter ?? {})
      const { hits } = await space.search(
        { vector },
        { mode: 'vector', k, ...(key === undefined ? {} : { filter: { op: 'eq', key, value: Number(value) } }) },
      )
      return hits.map(({ content }) => numberOf(content))
    },
    async write(from, count) {
      const documents = Array.from({ length: count }, (_, at) => {
        const n = from + at
        return { id: `${n}`, text: corpus.text(n), metadata: metadataOf(n) }
      })
      await space.upsert(documents, { chunk: false })
    },
  }
}

/** The table and the function of LangChain's documentation. Its index and the server's `hnsw.ef_search` are those of SQL by hand. */
export const documentsSql = (table: string) => `
  create table ${table} (id bigserial primary key, content text, metadata jsonb, embedding vector(${dims}));
  create function match_${table} (query_embedding vector(${dims}), match_count int default null, filter jsonb default '{}')
  returns table (id bigint, content text, metadata jsonb, similarity float) language plpgsql as $$
  #variable_conflict use_column
  begin
    return query
    select id, content, metadata, 1 - (${table}.embedding <=> query_embedding) as similarity
    from ${table} where metadata @> filter
    order by ${table}.embedding <=> query_embedding limit match_count;
  end; $$;
  grant all on ${table} to service_role;
  grant usage on sequence ${table}_id_seq to service_role`

/** A statement with its values, and the rows of its answer. */
export type Query = (
  text: string,
  values: readonly string[],
) => Promise<readonly Readonly<Record<string, string | null>>[]>

export function sqlStore(query: Query, table: string, corpus: Corpus): Store {
  return {
    name: 'SQL by hand',
    async search(vector, filter) {
      const rows = await query(
        `select id, content, metadata, 1 - (embedding <=> $1::vector) as similarity from ${table}
         ${filter === undefined ? '' : 'where metadata @> $2'} order by embedding <=> $1::vector limit ${k}`,
        [toVectorText(vector), ...(filter === undefined ? [] : [JSON.stringify(filter)])],
      )
      return rows.map(({ content }) => numberOf(content ?? undefined))
    },
    async write(from, count) {
      const numbers = Array.from({ length: count }, (_, at) => from + at)
      await query(
        `insert into ${table} (content, metadata, embedding)
         select r.content, r.metadata, r.embedding::vector from json_to_recordset($1) as r (content text, metadata jsonb, embedding text)`,
        [
          JSON.stringify(
            numbers.map((n) => ({
              content: corpus.text(n),
              metadata: metadataOf(n),
              embedding: toVectorText(corpus.vector(n)),
            })),
          ),
        ],
      )
    },
  }
}
