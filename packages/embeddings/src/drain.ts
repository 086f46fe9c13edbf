import { callable, embeddingQueueClaim, embeddingQueueSettle, embeddingStats } from '@core/api/functions'
import { isCoreError } from '@core/foundation'
import { findModel, type Kernel, type ModelIdentity } from './kernel.ts'
import type { DrainOptions } from './space.ts'
import { toEmbedded } from './upsert.ts'

const perCall = 200

/** Works off what waits for a vector, until nothing is due. Any number of processes may do so together. */
export async function drainSpace(
  kernel: Kernel,
  space: string,
  options: DrainOptions,
): Promise<{ readonly written: number; readonly failed: number }> {
  const { limit = Number.POSITIVE_INFINITY, onProgress, ...call } = options
  const { database, project } = kernel
  const claim = callable(database, embeddingQueueClaim)
  const settle = callable(database, embeddingQueueSettle)
  const { model, next } = await callable(database, embeddingStats)({ space, project }, call)
  const generations = [model, ...(next === null ? [] : [next])]
  let written = 0
  let failed = 0
  let taken = 0
  for (const identity of generations) {
    const one = toModel(kernel, identity, generations.length > 1)
    while (one !== undefined && taken < limit) {
      call.signal?.throwIfAborted()
      const { generation } = identity
      const { items } = await claim({ space, limit: Math.min(perCall, limit - taken), generation, project }, call)
      if (items.length === 0) break
      taken += items.length
      const embedded = await kernel.embed(one, items.map(toEmbedded), call)
      // What was not paid for did not fail: it is due again when the time of this claim is over.
      const tried = items.flatMap(({ item, hash }, index) => {
        const vector = embedded.vectors[index] ?? ''
        return vector === '' && embedded.stopped !== undefined ? [] : [{ item, hash, vector }]
      })
      const answer = await settle(
        {
          space,
          generation,
          items: tried.map(({ item }) => item),
          hashes: tried.map(({ hash }) => hash),
          vectors: tried.map(({ vector }) => vector),
          reason: embedded.failures[0]?.error.message,
          project,
        },
        call,
      )
      written += answer.written
      failed += tried.filter(({ vector }) => vector === '').length
      onProgress?.(written)
      if (embedded.stopped !== undefined) throw embedded.stopped
    }
  }
  return { written, failed }
}

/** Of two models one may be another process's: its items are left to that. */
function toModel(kernel: Kernel, identity: ModelIdentity, isOneOfTwo: boolean) {
  try {
    return findModel(kernel, identity)
  } catch (error) {
    if (isOneOfTwo && isCoreError(error) && error.code === 'E_CONFLICT') return undefined
    throw error
  }
}
