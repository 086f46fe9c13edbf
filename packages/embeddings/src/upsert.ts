import { callable, embeddingChanged, embeddingDelete, embeddingDocuments, embeddingUpsert } from '@core/api/functions'
import { CoreError, copyStorable, type Storable } from '@core/foundation'
import { chunkText } from './chunk.ts'
import { findModel, type Kernel, type ModelIdentity, toConflict } from './kernel.ts'
import type { EmbeddingDocument, UpsertOptions, UpsertResult } from './space.ts'
import { estimateTokens, hashOf, requireText } from './texts.ts'

interface Piece {
  readonly document: string
  readonly ordinal: number
  readonly title: string
  readonly content: string
  readonly hash: string
  readonly metadata: Storable
  readonly start_at: number
  readonly end_at: number
}

const piecesPerCall = 200
/** Of one document: its pieces are written in one transaction. */
const piecesPerDocument = 1_000
const bytesPerCall = 4 * 1024 * 1024

export interface UpsertPort {
  readonly name: string
  /** The space's model as it is now, with the space made where it is missing. */
  open(): Promise<ModelIdentity>
}

/** Writes documents batch by batch: each is compared, embedded where it changed, and written in one transaction. */
export async function upsertDocuments(
  kernel: Kernel,
  { name: space, open }: UpsertPort,
  documents: readonly EmbeddingDocument[],
  options: UpsertOptions,
): Promise<UpsertResult> {
  const { tenant = '', source = 'default', chunk, cleanup, onProgress, ...call } = options
  const { database, project } = kernel
  const changed = callable(database, embeddingChanged)
  const write = callable(database, embeddingUpsert)
  const result = {
    added: 0,
    updated: 0,
    skipped: 0,
    deleted: 0,
    queued: 0,
    empty: 0,
    tokens: 0,
    cost: 0,
    savedTokens: 0,
    calls: 0,
  }
  let stopped: CoreError | undefined
  requireOnce(documents)
  const batches = toBatches(documents, chunk)
  let identity = await open()
  let done = 0
  for (const batch of batches) {
    call.signal?.throwIfAborted()
    const written = await writeBatch(batch)
    result.empty += batch.pieces.filter(({ content }) => content === '').length
    for (const key of ['added', 'updated', 'skipped', 'deleted', 'queued'] as const) result[key] += written[key]
    done += batch.documents.length
    onProgress?.({ documents: done, ofDocuments: documents.length })
  }
  if (cleanup === 'by-source' && stopped === undefined) result.deleted += await deleteOthers()
  return { ...result, stopped }

  async function writeBatch({ documents: whole, pieces }: Batch) {
    const items = pieces.map(({ document, ordinal, hash }) => ({ document, ordinal, hash }))
    const { needed } = await changed({ space, items, tenant, source, project }, call)
    for (let attempt = 1; ; attempt++) {
      const { vectors, reason } = await embedNeeded(pieces, needed)
      const sent = pieces.map(({ hash: _, ...piece }) => piece)
      const answer = await write(
        { space, items: sent, vectors, tenant, source, whole, reason, generation: identity.generation, project },
        call,
      )
      if (answer.ok) return answer
      if (answer.code !== 'model_changed' || attempt === 5) throw toConflict(answer)
      identity = await open()
    }
  }

  async function embedNeeded(pieces: readonly Piece[], needed: readonly number[]) {
    const vectors = pieces.map(() => '')
    const wanted = needed.flatMap((index) => {
      const piece = pieces[index]
      return piece === undefined || piece.content === '' ? [] : [{ index, text: toEmbedded(piece) }]
    })
    const unchanged = pieces.filter((_, index) => !needed.includes(index))
    result.savedTokens += unchanged.reduce((sum, piece) => sum + estimateTokens(piece.content), 0)
    if (!identity.has_vectors || wanted.length === 0) return { vectors }
    if (stopped !== undefined) return { vectors, reason: stopped.message }
    const embedded = await kernel.embed(
      findModel(kernel, identity),
      wanted.map(({ text }) => text),
      call,
    )
    stopped = embedded.stopped
    result.tokens += embedded.usage.tokens
    result.cost += embedded.usage.cost
    result.calls += embedded.usage.calls
    for (const [at, { index }] of wanted.entries()) vectors[index] = embedded.vectors[at] ?? ''
    return { vectors, reason: embedded.failures[0]?.error.message }
  }

  async function deleteOthers(): Promise<number> {
    const kept = new Set(documents.map(({ id }) => id))
    const list = callable(database, embeddingDocuments)
    const remove = callable(database, embeddingDelete)
    let deleted = 0
    for (let after: string | undefined; ; ) {
      const page = await list({ space, tenant, source, after, project }, call)
      const gone = page.documents.flatMap(({ document }) => (kept.has(document) ? [] : [document]))
      for (let more = gone.length > 0; more; ) {
        const answer = await remove({ space, documents: gone, tenant, source, project }, call)
        deleted += answer.deleted
        more = answer.more
      }
      if (page.next === null) return deleted
      after = page.next
    }
  }
}

/** What the model reads: the headings above a piece say what it is about. */
export function toEmbedded({ title, content }: { readonly title: string; readonly content: string }): string {
  return title === '' ? content : `${title}\n${content}`
}

interface Batch {
  readonly documents: readonly string[]
  readonly pieces: readonly Piece[]
}

/** Whole documents together, as many as fit into a call. */
function toBatches(documents: readonly EmbeddingDocument[], chunk: UpsertOptions['chunk']): Batch[] {
  const batches: { documents: string[]; pieces: Piece[]; bytes: number }[] = []
  for (const [index, document] of documents.entries()) {
    const pieces = toPieces(document, index, chunk)
    let current = batches.at(-1)
    const bytes = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece.content), 0)
    if (
      current === undefined ||
      current.pieces.length + pieces.length > piecesPerCall ||
      current.bytes + bytes > bytesPerCall
    ) {
      current = { documents: [], pieces: [], bytes: 0 }
      batches.push(current)
    }
    current.documents.push(document.id)
    current.pieces.push(...pieces)
    current.bytes += bytes
  }
  return batches
}

function toPieces(document: EmbeddingDocument, index: number, chunk: UpsertOptions['chunk']): Piece[] {
  const { id } = document
  copyStorable('id', id)
  const metadata = copyStorable('metadata', document.metadata ?? {})
  const place = { field: 'documents', index }
  const text = requireText(document.text, `document ${index} (${id})`, place)
  const own = requireText(document.title ?? '', `the title of document ${index} (${id})`, place)
  const chunks =
    chunk === false || text.trim() === ''
      ? [{ content: text.trim() === '' ? '' : text, title: '', start: 0, end: text.length }]
      : chunkText(text, chunk)
  if (chunks.length > piecesPerDocument) {
    throw new CoreError(
      'E_TOO_LARGE',
      `document ${index} (${id}) has ${chunks.length} pieces, at most ${piecesPerDocument}`,
      {
        fix: 'Split the document, or allow more characters a piece.',
        details: { field: 'documents', index },
      },
    )
  }
  return chunks.map(({ content, title: headings, start, end }, ordinal) => {
    const title = [own, headings].filter(Boolean).join(' > ')
    return {
      document: id,
      ordinal,
      title,
      content,
      metadata,
      start_at: start,
      end_at: end,
      hash: hashOf(`${title}\n${content}`),
    }
  })
}

function requireOnce(documents: readonly EmbeddingDocument[]): void {
  const seen = new Set<string>()
  for (const [index, { id }] of documents.entries()) {
    if (seen.has(id)) {
      throw new CoreError('E_INVALID', `document ${index} (${id}) is there twice`, {
        details: { field: 'documents', index },
      })
    }
    seen.add(id)
  }
}
