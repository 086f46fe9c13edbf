import type { AcceptedOf, embeddingSearch, embeddingStats } from '@core/api/functions'
import type { CallOptions, CoreError, Storable } from '@core/foundation'
import type { ChunkOptions } from './chunk.ts'
import type { Filter } from './filter.ts'

/** A document of a space. */
export interface EmbeddingDocument {
  /** Names it within its source: a path, an address, an id. 1 to 500 bytes. */
  readonly id: string
  /** At most 1 MB. */
  readonly text: string
  /** Found with it; weighs more than the text in text search. */
  readonly title?: string | undefined
  /** What filters look at: a JSON object of at most 16 KB. */
  readonly metadata?: Readonly<Record<string, Storable>> | undefined
}

export interface Within {
  /** Whose items these are, within the space. Default: of no tenant. */
  tenant?: string | undefined
}

export interface UpsertOptions extends CallOptions, Within {
  /** Where the documents come from. Default `default`. */
  source?: string | undefined
  /** How documents are split; false keeps each whole. Default: at headings and sentences. */
  chunk?: ChunkOptions | false | undefined
  /** `by-source`: documents of the source that are not among these are deleted. Default: they stay. */
  cleanup?: 'by-source' | undefined
  onProgress?: ((progress: UpsertProgress) => void) | undefined
}

export interface UpsertProgress {
  readonly documents: number
  readonly ofDocuments: number
}

export interface UpsertResult {
  readonly added: number
  readonly updated: number
  readonly skipped: number
  readonly deleted: number
  /** Written without a vector, for one that failed or was not paid for. `drain` tries again. */
  readonly queued: number
  /** Items without a vector because their text is empty: only filters and lists find them. */
  readonly empty: number
  /** What the calls of the model took. */
  readonly tokens: number
  /** And cost, in micro-credits; 0 without a `price`. */
  readonly cost: number
  /** About what they did not take, because nothing changed or a vector was kept. */
  readonly savedTokens: number
  readonly calls: number
  /** Why the model was not asked for the rest: the items are queued. */
  readonly stopped: CoreError | undefined
}

export interface SearchOptions extends CallOptions, Within {
  /** Default 10, at most 1,000. */
  k?: number | undefined
  /** Made with `and`, `eq`, …; what came as JSON is checked by the database. */
  filter?: Filter | Readonly<Record<string, Storable>> | undefined
  source?: string | undefined
  /** Default `hybrid`: by vectors and by words, joined by rank. */
  mode?: 'vector' | 'text' | 'hybrid' | undefined
  /** `exact` compares all. Default `balanced`. */
  recall?: 'fast' | 'balanced' | 'exact' | undefined
  /** Leaves out hits with less: the cosine in mode vector. */
  minScore?: number | undefined
  /** What hits carry besides their place. Default content and metadata. */
  include?: readonly ('content' | 'metadata' | 'vector')[] | undefined
  /** Only the best hit of each document: what a reader wants who looks for a page. Among the best five times `k`. */
  onePerDocument?: boolean | undefined
  /** Prefers hits unlike those before them: 0 only that, 1 not at all. */
  mmr?: { lambda: number } | undefined
  /** Orders the best hits again, best first; it gets `k` times `depth` (default 3) of them. */
  rerank?: { by: Rerank; depth?: number | undefined } | undefined
}

export type Rerank = (query: string, hits: readonly Hit[], options: CallOptions) => Promise<readonly Hit[]>

export interface Hit {
  readonly id: number
  readonly document: string
  /** Its place among the pieces of the document. */
  readonly ordinal: number
  readonly source: string
  readonly title: string
  readonly score: number
  /** Where it is in the document, in the form NFC. */
  readonly start: number | undefined
  readonly end: number | undefined
  readonly content: string | undefined
  readonly metadata: Readonly<Record<string, unknown>> | undefined
  readonly vector: readonly number[] | undefined
}

export interface SearchResult {
  readonly hits: readonly Hit[]
  readonly plan: AcceptedOf<typeof embeddingSearch>['plan']
  /** False only where a bound was hit, so that there may be more than was found. */
  readonly complete: boolean
}

export type SpaceStats = Omit<AcceptedOf<typeof embeddingStats>, 'ok'>

/** What to search by: a text, or a vector of the space's model. */
export type Query = string | { readonly text: string } | { readonly vector: readonly number[] }

export interface Space {
  readonly name: string
  /** Splits, compares, embeds what changed, and writes. What is unchanged costs no call of the model and no write. */
  upsert(documents: readonly EmbeddingDocument[], options?: UpsertOptions): Promise<UpsertResult>
  search(query: Query, options?: SearchOptions): Promise<SearchResult>
  /** Deletes documents of a source; how many pieces that were. */
  delete(documents: readonly string[], options?: DeleteOptions): Promise<number>
  documents(options?: DeleteOptions): AsyncIterable<{ readonly id: string; readonly items: number }>
  /** Embeds what waits for a vector; how many got one. */
  drain(options?: DrainOptions): Promise<number>
  stats(options?: CallOptions): Promise<SpaceStats>
  drop(options?: CallOptions): Promise<boolean>
}

export interface DeleteOptions extends CallOptions, Within {
  source?: string | undefined
}

export interface DrainOptions extends CallOptions {
  /** Items at most. Default: all that are due. */
  limit?: number | undefined
  onProgress?: ((written: number) => void) | undefined
}
