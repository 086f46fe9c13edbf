import type { Database } from '@core/database'
import { CoreError, type Logger } from '@core/foundation'
import type { Embed } from './embedder.ts'
import { createLocalModel, localRevision } from './local-model.ts'
import type { IdentifiedModel } from './model.ts'

/** What the parts of one `createEmbeddings` share. */
export interface Kernel {
  readonly database: Pick<Database, 'rpc'>
  readonly project: string | undefined
  /** The model of new spaces. */
  readonly model: IdentifiedModel
  /** Models this process can ask. */
  readonly models: readonly IdentifiedModel[]
  /** Finds further ones. What it throws refuses the call. */
  readonly find: (identity: ModelIdentity) => IdentifiedModel | undefined
  readonly embed: Embed
  readonly logger: Logger
}

/** What names the model of a space's vectors. */
export interface ModelIdentity {
  readonly generation: number
  readonly provider: string
  readonly model: string
  readonly revision: string
  readonly dims: number
  readonly has_vectors: boolean
}

/** The model of these vectors: of all lengths the local one is there. @throws CoreError E_CONFLICT where this process has not. */
export function findModel({ models, find }: Pick<Kernel, 'models' | 'find'>, identity: ModelIdentity): IdentifiedModel {
  const found = models.find(
    ({ model, dimensions, revision }) =>
      model.provider === identity.provider &&
      model.modelId === identity.model &&
      revision === identity.revision &&
      dimensions === identity.dims,
  )
  if (found !== undefined) return found
  const { provider, model, revision, dims } = identity
  const local = createLocalModel({ dimensions: dims })
  if (provider === local.provider && model === local.modelId && revision === localRevision) {
    return { model: local, dimensions: dims, revision }
  }
  const other = find(identity)
  if (other !== undefined) return other
  throw new CoreError('E_CONFLICT', `the space has vectors of ${provider}/${model} (${dims} dimensions)`, {
    fix: 'Pass that model as `model` or among `models`, or migrate the space.',
    details: { reason: 'model_mismatch', provider, model, revision, dims },
  })
}

/** The denials that most functions share. */
export function toConflict(denial: {
  readonly code: string
  readonly bound?: string
  readonly limit?: number
}): CoreError {
  if (denial.code === 'bound_reached') {
    return new CoreError('E_CONFLICT', `the project has ${denial.limit} ${denial.bound}, which is the most it may`, {
      fix: 'Delete some first.',
      details: { reason: denial.code, bound: denial.bound, limit: denial.limit },
    })
  }
  return new CoreError('E_CONFLICT', 'the space has changed to another model meanwhile', {
    retryable: true,
    details: { reason: denial.code },
  })
}
