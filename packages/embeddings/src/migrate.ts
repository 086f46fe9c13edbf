import { setTimeout as sleep } from 'node:timers/promises'
import {
  callable,
  embeddingMigrateBegin,
  embeddingMigrateSwap,
  embeddingRecall,
  embeddingStats,
} from '@core/api/functions'
import { type CallOptions, isCoreError } from '@core/foundation'
import { drainSpace } from './drain.ts'
import type { Kernel } from './kernel.ts'
import type { IdentifiedModel } from './model.ts'

export interface MigrateOptions extends CallOptions {
  /** Called as items get a vector of the new model. */
  onProgress?: ((written: number) => void) | undefined
  /** Called when every item has one: false leaves the space with its old model, and the migration can be continued. */
  approve?: (() => boolean | Promise<boolean>) | undefined
}

/** How long a migration waits for what another program has taken from the queue; a little more than such a claim lasts. */
const patienceMs = 70_000
const pollMs = 200
/** Writes of the time between the last vector and the change of places may refuse it so often. */
const attempts = 5

/**
 * Gives a space the vectors of another model: writes go to both, items are embedded again, and then the two change places.
 * Searches find everything meanwhile. Killed at any step, the same call continues. Where writes never pause, it changes places
 * while at most one item in a hundred waits for its vector, and embeds these right after.
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
  for (let attempt = 1; ; attempt++) {
    const isPartial = await fill()
    if (attempt === 1 && approve && !(await approve())) return { swapped: false, written }
    try {
      const partial = isPartial && attempt > attempts
      const { swapped } = await callable(database, embeddingMigrateSwap)({ space, partial, project }, call)
      if (partial) written += (await drainSpace(kernel, space, { ...call, onProgress })).written
      return { swapped, written }
    } catch (error) {
      const isIncomplete = isCoreError(error) && error.details?.['reason'] === 'migration_incomplete'
      if (!isIncomplete || !isPartial) throw error
    }
  }

  /** Embeds until nothing waits; false where what waits cannot be embedded here. */
  async function fill(): Promise<boolean> {
    let rounds = 0
    for (let movedAt = performance.now(); ; ) {
      const drained = await drainSpace(kernel, space, { ...call, onProgress })
      written += drained.written
      const { items, queued, failed, unfilled } = await callable(database, embeddingStats)({ space, project }, call)
      if (unfilled > 0) continue
      if (drained.failed > 0 || failed > 0) return false
      if (drained.written > 0) {
        movedAt = performance.now()
        rounds += 1
      }
      if (queued * 100 <= items || rounds > attempts) return true
      if (performance.now() - movedAt > patienceMs) return false
      if (drained.written === 0) await sleep(pollMs, undefined, { signal: call.signal })
    }
  }
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
