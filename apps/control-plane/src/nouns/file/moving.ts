import { callable, fileElsewhere, fileMoved } from '@core/api/functions'
import { isCoreError, type Logger } from '@core/foundation'
import type { RouteContext } from '../../http/bound-route.ts'
import { objectKey, type Stores } from './stores.ts'

export interface MovedFiles {
  readonly moved: number
  readonly bytes: number
  readonly missing: number
  readonly next: string | null
}

const page = 100
const copiesAtOnce = 10
/** After so long a request is answered, whatever is left: large files take as long as they take. */
const enoughMs = 5_000

/** Copies files of other stores to the present one, each checked by its hash, and lets the old content go. */
export async function moveFiles(
  caller: { readonly rpc: RouteContext['rpcUnbound'] },
  after: string | undefined,
  stores: Stores,
  logger: Logger,
): Promise<MovedFiles> {
  const target = await stores.chosen()
  const { files } = await callable(caller, fileElsewhere)({ store: target.name, after, limit: page })
  const startedAt = performance.now()
  const total = { moved: 0, bytes: 0, missing: 0 }
  for (const [index, file] of files.entries()) {
    const outcome = await moveFile(file)
    if (outcome !== 'replaced') total[outcome]++
    if (outcome === 'moved') total.bytes += file.size
    const isEnough = total.moved === copiesAtOnce || performance.now() - startedAt > enoughMs
    if (isEnough || index === page - 1) return { ...total, next: `${file.project}/${file.name}` }
  }
  return { ...total, next: null }

  async function moveFile(file: (typeof files)[number]): Promise<'moved' | 'missing' | 'replaced'> {
    const { project, object, name, size, sha256: expected } = file
    const key = objectKey(file)
    const source = await stores.named(file.store)
    const found = await source?.storage.download(key)
    if (!found) return 'missing'
    try {
      const options = { contentType: file.content_type, size, sha256: expected ?? undefined }
      const { etag, sha256 } = await target.storage.upload(key, found.stream, options)
      const answer = await callable(caller, fileMoved)({ project, object, name, store: target.name, etag, sha256 })
      return answer.moved ? 'moved' : 'replaced'
    } catch (error) {
      if (!isCoreError(error, 'E_INVALID')) throw error
      logger.warn({ component: 'file', store: file.store, err: error }, 'the content of a file is not what it was')
      return 'missing'
    }
  }
}
