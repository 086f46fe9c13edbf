import { embeddingStats } from '@core/api/functions'
import { localDimensions, localRevision } from '@core/embeddings'
import { CoreError, isCoreError } from '@core/foundation'
import { requireScope } from '../../auth/keyring.ts'
import type { RouteContext } from '../../http/bound-route.ts'
import type { ModelCalls } from '../../process/noun.ts'
import { reducedRevision, routerProvider } from './open-embeddings.ts'

/** What a request says of the model of a space. */
export interface AskedModel {
  /** `provider/model`; left out: the local model. */
  readonly model?: string | undefined
  /** Left out: 384 of the local model, else the model's own length. */
  readonly dimensions?: number | undefined
}

/**
 * The model that a space is to have. One of the router is asked once before a space gets it: that shows that it has a price and
 * credits, and how long its vectors are.
 */
export async function chooseModel(
  { model, dimensions }: AskedModel,
  space: string,
  context: Pick<RouteContext, 'principal' | 'project' | 'call'>,
  modelCalls: ModelCalls,
) {
  if (model === undefined) {
    const dims = dimensions ?? localDimensions
    return { provider: 'core', model: `local-${dims}`, dims, revision: localRevision }
  }
  const { principal, project } = context
  requireScope(principal, 'model:call')
  const revision = dimensions === undefined ? '' : reducedRevision
  const known = await findKnown()
  const dims = known !== undefined && known === (dimensions ?? known) ? known : await measure()
  if (dimensions !== undefined && dims !== dimensions) {
    throw new CoreError('E_CONFLICT', `${model} answers vectors of ${dims} dimensions, not ${dimensions}`, {
      fix: 'Leave dimensions out.',
      details: { reason: 'model_mismatch', model },
    })
  }
  return { provider: routerProvider, model, dims, revision }

  /** Of a space that has this model, or migrates to it. */
  async function findKnown(): Promise<number | undefined> {
    try {
      const { model: now, next } = await context.call(embeddingStats, { space, project })
      return [now, next].find(
        (one) => one?.provider === routerProvider && one.model === model && one.revision === revision,
      )?.dims
    } catch (error) {
      if (isCoreError(error, 'E_NOT_FOUND')) return undefined
      throw error
    }
  }

  async function measure(): Promise<number> {
    const { subject } = principal
    const { vectors } = await modelCalls.embed({ project, subject, model: model ?? '', dimensions, texts: ['core'] })
    return vectors[0]?.length ?? 0
  }
}
