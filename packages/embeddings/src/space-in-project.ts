import {
  callable,
  embeddingDelete,
  embeddingDocuments,
  embeddingSpaceDrop,
  embeddingSpaceOpen,
  embeddingStats,
} from '@core/api/functions'
import type { CallOptions, Clock } from '@core/foundation'
import { drainSpace } from './drain.ts'
import { type Kernel, type ModelIdentity, toConflict } from './kernel.ts'
import { searchSpace } from './search.ts'
import type { Space } from './space.ts'
import { upsertDocuments } from './upsert.ts'

/** How long a space is taken to have the model that it had. The database refuses vectors of another one. */
const identityForMs = 5_000

/** The models that spaces had when they were last asked. */
export type KnownModels = Map<string, { readonly identity: ModelIdentity; readonly at: number }>

interface SpaceDependencies {
  /** Its project is the space's. */
  readonly kernel: Kernel
  readonly known: KnownModels
  readonly clock: Clock
  readonly language: string | undefined
}

export function spaceInProject(name: string, { kernel, known, clock, language }: SpaceDependencies): Space {
  const { database, project, model } = kernel
  const place = JSON.stringify([project, name])
  const stats = (call?: CallOptions) => callable(database, embeddingStats)({ space: name, project }, call)

  function remember(identity: ModelIdentity): ModelIdentity {
    if (known.size >= 1_000) known.clear()
    known.set(place, { identity, at: clock.monotonic() })
    return identity
  }

  async function open(call: CallOptions): Promise<ModelIdentity> {
    const { provider, modelId } = model.model
    const answer = await callable(database, embeddingSpaceOpen)(
      { space: name, provider, model: modelId, dims: model.dimensions, revision: model.revision, language, project },
      call,
    )
    if (answer.ok) return remember(answer.model)
    // The space has another model: this process may have that one as well.
    if (answer.code === 'model_mismatch') return remember((await stats(call)).model)
    throw toConflict(answer)
  }

  return {
    name,
    upsert: (documents, options = {}) => {
      const { signal, timeoutMs } = options
      return upsertDocuments(kernel, { name, open: () => open({ signal, timeoutMs }) }, documents, options)
    },
    search: (query, options = {}) => {
      const { signal, timeoutMs } = options
      const identify = async (fresh: boolean) => {
        const last = known.get(place)
        if (!fresh && last !== undefined && clock.monotonic() - last.at < identityForMs) return last.identity
        return remember((await stats({ signal, timeoutMs })).model)
      }
      return searchSpace(kernel, { name, identify }, query, options)
    },
    async delete(documents, { tenant, source, ...call } = {}) {
      let deleted = 0
      for (let more = documents.length > 0; more; ) {
        const answer = await callable(database, embeddingDelete)(
          { space: name, documents, tenant, source, project },
          call,
        )
        deleted += answer.deleted
        more = answer.more
      }
      return deleted
    },
    async *documents({ tenant, source, ...call } = {}) {
      for (let after: string | undefined; ; ) {
        const page = await callable(database, embeddingDocuments)({ space: name, tenant, source, after, project }, call)
        for (const { document: id, items } of page.documents) yield { id, items }
        if (page.next === null) return
        after = page.next
      }
    },
    async drain(options = {}) {
      return (await drainSpace(kernel, name, options)).written
    },
    async stats(call) {
      const { ok: _, ...answer } = await stats(call)
      return answer
    },
    async drop(call) {
      known.delete(place)
      return (await callable(database, embeddingSpaceDrop)({ space: name, project }, call)).dropped
    },
  }
}
