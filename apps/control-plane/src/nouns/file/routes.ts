import {
  abortUpload,
  beginUpload,
  commitUpload,
  getFile,
  getFileQuota,
  getFileUrl,
  listFiles,
  moveFiles as moveFilesRoute,
  removeFile,
  setFileQuota,
} from '@core/api'
import {
  callable,
  fileAbort,
  fileBegin,
  fileCommit,
  fileGet,
  fileList,
  fileQuotaSet,
  fileRemove,
  fileUpload,
  fileUsage,
} from '@core/api/functions'
import { CoreError, type Logger, toTimestamp } from '@core/foundation'
import type { SignedUrl } from '@core/providers/storage'
import { requireOwner } from '../../auth/system-calls.ts'
import { type BoundRoute, serve } from '../../http/bound-route.ts'
import { toAnswer, toDenial } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import { moveFiles } from './moving.ts'
import { objectKey, type Stores } from './stores.ts'
import { notConfigured } from './transfers.ts'

/** Supabase fixes the time of such an address itself, and the quota is held as long. */
const leastSeconds: Readonly<Record<string, number>> = { supabase: 7_200 }

export function fileRoutes({ stores, logger }: { readonly stores: Stores; readonly logger: Logger }): BoundRoute[] {
  return [
    forwardPage(listFiles, fileList, 'files', ({ project, query: { prefix, cursor, limit } }) => ({
      project,
      prefix,
      after: cursor,
      limit,
    })),
    forward(getFile, fileGet, ({ project, params: { name } }) => ({ project, name })),
    forward(removeFile, fileRemove, ({ project, params: { name } }) => ({ project, name })),
    serve(getFileUrl, async ({ project, params: { name }, body: { expiresSeconds }, call }) => {
      const file = await call(fileGet, { project, name })
      const store = await stores.named(file.store)
      if (store === undefined) throw notConfigured(file.store)
      const key = objectKey({ project, object: file.object, name })
      const downloadName = name.split('/').at(-1)
      const signed = await store.storage.getSignedUrl(key, { method: 'GET', expiresSeconds, downloadName })
      return { status: 200, body: toAddress(signed) }
    }),
    serve(beginUpload, async ({ project, body, call, idempotencyKey: key }) => {
      const { name, size, contentType, expiresSeconds } = body
      const store = await stores.chosen()
      const ttlS = Math.max(expiresSeconds, leastSeconds[store.name] ?? 0)
      const begun = await call(fileBegin, { project, key, name, size, contentType, store: store.name, ttlS })
      if (!begun.ok) return toDenial(begun)
      const { upload, replayed } = begun
      // A repeated request gets the store that the first one chose.
      const chosen = await stores.named(begun.store)
      if (chosen === undefined) throw notConfigured(begun.store)
      const signed = await chosen.storage.getSignedUrl(objectKey({ project, object: upload, name }), {
        method: 'PUT',
        expiresSeconds,
        contentType,
        maxBytes: size,
      })
      return { status: 200, body: { upload, replayed, ...toAddress(signed) } }
    }),
    serve(commitUpload, async ({ project, params: { upload }, call }) => {
      const { name, store: named, status, size } = await call(fileUpload, { project, upload })
      const store = await stores.named(named)
      if (store === undefined) throw notConfigured(named)
      const object = await store.storage.head(objectKey({ project, object: upload, name }))
      if (object === null && status === 'open') throw notSent()
      const { etag = 'gone', size: found = size } = object ?? {}
      return toAnswer(200, await call(fileCommit, { project, upload, size: found, etag }))
    }),
    forward(abortUpload, fileAbort, ({ project, params: { upload } }) => ({ project, upload })),
    forward(getFileQuota, fileUsage, ({ project }) => ({ project })),
    serve(setFileQuota, async ({ params: { name: project }, body: { bytes }, ...context }) =>
      toAnswer(200, await callable({ rpc: requireOwner(context) }, fileQuotaSet)({ project, bytes })),
    ),
    serve(moveFilesRoute, async (context) => {
      const body = await moveFiles({ rpc: requireOwner(context) }, context.body.after, stores, logger)
      return { status: 200, body }
    }),
  ]
}

function toAddress({ url, method, headers, expiresAt }: SignedUrl) {
  return { url, method, requestHeaders: headers, expiresAt: toTimestamp(expiresAt.getTime()) }
}

function notSent(): CoreError {
  return new CoreError('E_CONFLICT', 'the content is not in the store yet', {
    fix: 'Send it to the address of the upload, then commit.',
    details: { reason: 'content_missing' },
  })
}
