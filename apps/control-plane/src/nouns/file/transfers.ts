import { callable, fileAbort, fileBegin, fileCommit, fileGet } from '@core/api/functions'
import type { Database } from '@core/database'
import { CoreError, type Logger, uuidv7 } from '@core/foundation'
import type { DownloadedFile, StorageSource } from '@core/providers/storage'
import type { CoreAnswer } from '../../http/bound-route.ts'
import type { FileMetrics } from './metrics.ts'
import { objectKey, type Stores } from './stores.ts'

/** Calls of core_api, bound to the caller. */
export type BoundRpc = Pick<Database, 'rpc'>

export interface Incoming {
  readonly name: string
  readonly size: number
  readonly contentType: string
  readonly sha256: string | undefined
  /** Refuses a name that a file has. */
  readonly ifAbsent: boolean
  readonly source: StorageSource
}

export interface Transfers {
  /** The answer of file_commit, or the denial of file_begin. */
  upload(caller: BoundRpc, project: string, file: Incoming, signal: AbortSignal): Promise<CoreAnswer>
  download(
    caller: BoundRpc,
    project: string,
    name: string,
    range: { readonly start: number; readonly end?: number | undefined } | undefined,
    signal: AbortSignal,
  ): Promise<DownloadedFile & { readonly sha256: string | null }>
}

interface TransfersDependencies {
  readonly stores: Stores
  readonly metrics: FileMetrics
  readonly logger: Logger
}

export const longestTransferMs = 3_600_000

/** Files through this process: the quota is held before the first byte, and the row counts after the last. */
export function createTransfers({ stores, metrics, logger }: TransfersDependencies): Transfers {
  return {
    async upload(caller, project, { name, size, contentType, sha256, ifAbsent, source }, signal) {
      const store = await stores.chosen()
      const begun = await callable(
        caller,
        fileBegin,
      )({
        key: `upload:${uuidv7()}`,
        name,
        size,
        contentType,
        store: store.name,
        ttlS: longestTransferMs / 1000,
        ifAbsent,
      })
      if (!begun.ok) return begun
      try {
        const stored = await metrics.track(() =>
          store.storage.upload(
            objectKey({ project, object: begun.upload, name }),
            source,
            { contentType, size, sha256, onProgress: metrics.progress('upload') },
            { signal, timeoutMs: longestTransferMs },
          ),
        )
        return await callable(
          caller,
          fileCommit,
        )({
          upload: begun.upload,
          size: stored.size,
          etag: stored.etag,
          sha256: stored.sha256,
          ifAbsent,
        })
      } catch (error) {
        // One that was committed after all stays.
        await callable(
          caller,
          fileAbort,
        )({ upload: begun.upload }).catch((failure: unknown) => {
          // Its time will end it.
          logger.debug({ component: 'file', err: failure }, 'an upload could not be ended')
        })
        throw error
      }
    },

    async download(caller, project, name, range, signal) {
      const file = await callable(caller, fileGet)({ name })
      const store = await stores.named(file.store)
      if (store === undefined) throw notConfigured(file.store)
      const found = await store.storage.download(
        objectKey({ project, object: file.object, name }),
        { range },
        { signal },
      )
      // Between the two it was replaced or removed.
      if (found === null) {
        const again = await callable(caller, fileGet)({ name })
        if (again.object === file.object && again.store === file.store) throw lost(name)
        throw new CoreError('E_CONFLICT', 'the file was replaced meanwhile', { fix: 'Read it again.' })
      }
      return { ...found, contentType: file.content_type, sha256: file.sha256 }
    },
  }
}

export function notConfigured(store: string): CoreError {
  return new CoreError('E_CONFLICT', `the content is in the store ${store}, which this control plane does not have`, {
    fix: 'Name it in CORE_STORAGE_READ_ALSO on every control plane.',
    details: { reason: 'store_not_configured', store },
  })
}

function lost(name: string): CoreError {
  return new CoreError('E_INTERNAL', `the content of ${JSON.stringify(name)} is not in its store`)
}
