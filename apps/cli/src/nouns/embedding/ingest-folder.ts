import { glob, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import type { Client } from '@core/api/client'
import { CoreError } from '@core/foundation'

export interface IngestTarget {
  readonly client: Pick<Client, 'putEmbeddingDocuments' | 'listEmbeddingDocuments' | 'deleteEmbeddingDocuments'>
  readonly project: string
  readonly space: string
  /** The project that shares the space; undefined: the own one. */
  readonly owner: string | undefined
  readonly tenant: string
  readonly source: string
  readonly prune: boolean
  readonly signal: AbortSignal
  readonly info: (line: string) => void
}

/** Below the default limit of a request's body, with room for what JSON adds. */
const bytesPerRequest = 160 * 1024
const documentsPerRequest = 100
const maxFiles = 100_000
const counted = ['added', 'updated', 'skipped', 'deleted', 'queued', 'tokens', 'cost'] as const

/** Writes the text files of a folder as documents, named by their paths within it. */
export async function ingestFolder(target: IngestTarget, folder: string, extensions: readonly string[]) {
  const { client, project, space, owner, tenant, source, prune, signal, info } = target
  const params = { project, space }
  const query = owner === undefined ? {} : { owner }
  const paths = await listFiles(folder, extensions)
  const sum = { documents: 0, added: 0, updated: 0, skipped: 0, deleted: 0, queued: 0, tokens: 0, cost: 0 }
  let stopped: string | null = null
  let batch: { id: string; text: string; title: string }[] = []
  let bytes = 0
  const send = async () => {
    if (batch.length === 0) return
    signal.throwIfAborted()
    const written = await client.putEmbeddingDocuments({ params, query, body: { documents: batch, tenant, source } })
    for (const key of counted) sum[key] += written[key]
    stopped = written.stopped
    sum.documents += batch.length
    info(`core: ${sum.documents} of ${paths.length} documents`)
    batch = []
    bytes = 0
  }
  for (const path of paths) {
    // What the model was not asked for waits in the queue; what was not sent is for the next call of this command.
    if (stopped !== null) return { ...sum, stopped }
    const text = await readFile(join(folder, path), 'utf8')
    const size = Buffer.byteLength(JSON.stringify(text))
    if (bytes + size > bytesPerRequest || batch.length === documentsPerRequest) await send()
    const id = path.split(sep).join('/')
    batch.push({ id, text, title: toTitle(id) })
    bytes += size
  }
  await send()
  if (prune && stopped === null)
    sum.deleted += await deleteOthers(target, new Set(paths.map((path) => path.split(sep).join('/'))))
  return { ...sum, stopped }
}

async function listFiles(folder: string, extensions: readonly string[]): Promise<string[]> {
  const paths: string[] = []
  const exclude = (name: string) => /(^|[\\/])(node_modules|\.[^\\/.][^\\/]*)$/.test(name)
  for await (const path of glob('**/*', { cwd: folder, exclude })) {
    if (extensions.includes(extname(path).toLowerCase())) paths.push(path)
    if (paths.length > maxFiles) throw new CoreError('E_TOO_LARGE', `${folder} has more than ${maxFiles} files`)
  }
  if (paths.length > 0) return paths.sort()
  throw new CoreError('E_INVALID', `${folder} has no files that end with ${extensions.join(', ')}`, {
    fix: 'Name a folder of text files, or other endings with --extensions.',
  })
}

/** The words of a path say what a document is about: guides/spend-offline.md is about offline spending. */
function toTitle(id: string): string {
  return id
    .replace(/\.\w+$/, '')
    .replaceAll(/[-_/]+/g, ' ')
    .slice(0, 200)
    .toWellFormed() // the cut may halve a character
}

async function deleteOthers(target: IngestTarget, kept: ReadonlySet<string>): Promise<number> {
  const { client, project, space, owner, tenant, source } = target
  const params = { project, space }
  const of = owner === undefined ? {} : { owner }
  let deleted = 0
  for (let cursor: string | undefined; ; ) {
    const query = { ...of, tenant, source, limit: '1000', ...(cursor === undefined ? {} : { cursor }) }
    const { data, page } = await client.listEmbeddingDocuments({ params, query })
    const documents = data.flatMap(({ document }) => (kept.has(document) ? [] : [document]))
    for (let more = documents.length > 0; more; ) {
      const gone = await client.deleteEmbeddingDocuments({ params, query: of, body: { documents, tenant, source } })
      deleted += gone.deleted
      more = gone.more
    }
    if (page.next === null) return deleted
    cursor = page.next
  }
}
