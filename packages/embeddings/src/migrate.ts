import {
  callable,
  embeddingMigrateBegin,
  embeddingMigrateSwap,
  embeddingRecall,
  embeddingStats,
} from '@core/api/functions'
import type { CallOptions } from '@core/foundation'
import { drainSpace } from './drain.ts'
import type { Kernel } from './kernel.ts'
import type { IdentifiedModel } from './model.ts'

export interface MigrateOptions extends CallOptions {
  /** Called as items get a vector of the new model. */
  onProgress?: ((written: number) => void) | undefined
  /** Called when every item has one: false leaves the space with its old model, and the migration can be continued. */
  approve?: (() => boolean | Promise<boolean>) | undefined
}

/**
 * Gives a space the vectors of another model: writes go to both, items are embedded again, and then the two change places.
 * Searches find everything meanwhile. Killed at any step, the same call continues.
 */
export async function migrateSpace(
  kernel: Kernel,
  space: string,
  { model, dimensions, revision }: IdentifiedModel,
  { onProgress, approve, ...call }: MigrateOptions = {},
): Promise<{ readonly swapped: boolean; readonly written: number }> {
  const { database, project } = kernel
  const identity = { provider: model.provider, model: model.modelId, dims: dimensions, revision }
  const begun = await callable(database, embeddingMigrateBegin)({ space, ...identity, project }, call)
  if (begun.next === null) return { swapped: false, written: 0 }
  let written = 0
  for (;;) {
    written += await drainSpace(kernel, space, { ...call, onProgress })
    const { queued, unfilled } = await callable(database, embeddingStats)({ space, project }, call)
    if (unfilled === 0 || queued > 0) break
  }
  if (approve && !(await approve())) return { swapped: false, written }
  const { swapped } = await callable(database, embeddingMigrateSwap)({ space, project }, call)
  return { swapped, written }
}

/** The part of the nearest items that searches find, over a sample of the space's own. */
export async function measureRecall(
  { database, project }: Kernel,
  space: string,
  options: RecallOptions = {},
): Promise<{ readonly recall: number | undefined; readonly sample: number; readonly plan: string }> {
  const { sample, k, recall: level, tenant, ...call } = options
  const answer = await callable(database, embeddingRecall)({ space, sample, k, recall: level, tenant, project }, call)
  return { recall: answer.recall ?? undefined, sample: answer.sample, plan: answer.plan }
}

export interface RecallOptions extends CallOptions {
  /** Items to search by, 1 to 1,000; default 50. */
  sample?: number | undefined
  /** Neighbours of each; default 10. */
  k?: number | undefined
  recall?: 'fast' | 'balanced' | undefined
  tenant?: string | undefined
}
