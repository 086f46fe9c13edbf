import { CoreError, isCoreError, isObject } from '@core/foundation'
import { findRoute, type Router, type Routing, toHeaderText } from '@core/router'
import { z } from 'zod'
import type { EmbeddedTexts, EmbedTexts } from '../../process/noun.ts'
import type { CallerLedgers } from './caller-ledgers.ts'

export interface EmbedDependencies {
  readonly router: Pick<Router, 'embed'>
  readonly ledgers: CallerLedgers
  /** One object for as long as nothing changes. */
  readonly routing: () => Routing | Promise<Routing>
}

/** Names such calls in the ledger's usage by tag. */
const tags = ['embeddings']

const answerShape = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.int().min(0).optional(), total_tokens: z.int().min(0).optional() }).optional(),
})

/** Embeds texts of a project by a model of the router. Only `provider/model` is taken: a route may change its model. */
export async function embedTexts(
  { router, ledgers, routing }: EmbedDependencies,
  { project, subject, model, dimensions, texts, signal }: EmbedTexts,
): Promise<EmbeddedTexts> {
  const size = dimensions === undefined ? {} : { dimensions }
  const before = await routing()
  try {
    const { body, headers } = await router.embed({
      body: { model, input: texts, encoding_format: 'float', ...size },
      caller: { project, account: project, subject, tags, ledger: ledgers.of({ subject }, project) },
      ...(signal === undefined ? {} : { signal }),
    })
    const target = headers['core-target']
    if (target !== toHeaderText(model)) {
      throw new CoreError('E_CONFLICT', `${model} leads to ${target}, and vectors of two models are never compared`, {
        fix: 'Name a provider and its model, and give no route that name.',
        details: { reason: 'model_mismatch', model },
      })
    }
    const { data, usage } = answerShape.parse(body)
    return {
      vectors: data.toSorted((one, other) => one.index - other.index).map(({ embedding }) => embedding),
      tokens: usage?.total_tokens ?? usage?.prompt_tokens ?? 0,
      cost: Number(headers['core-cost-micro-credits'] ?? 0),
      // What has changed meanwhile may have changed the provider that answered.
      isCommon: before === (await routing()) && isCommon(before, project, model),
    }
  } catch (error) {
    throw toRefusal(error, model)
  }
}

/** Whether a `provider/model` leads a project to a provider that all projects use. */
export function isCommon(routing: Routing, project: string, model: string): boolean {
  const targets = findRoute(routing, project, model)?.targets ?? []
  return targets.length > 0 && targets.every(({ id, provider }) => id === model && provider.project === null)
}

/** What stays so until somebody changes credits, prices or routes. */
const refusals: Readonly<Record<string, string>> = {
  insufficient_credits: 'Grant credits to the project.',
  budget_exhausted: 'Raise the budget, or wait for its next period.',
  account_frozen: 'Activate the account of the project.',
  account_not_found: 'Open an account for the project.',
  model_not_found: 'Configure the provider: PUT {project}/providers/{name}.',
  not_implemented: 'Use a provider that embeds texts.',
  unsupported: 'Give the model a price: PUT /v1/prices.',
}

function toRefusal(error: unknown, model: string): unknown {
  if (!isCoreError(error, 'E_PROVIDER') || !isObject(error.details['body'])) return error
  const { error: refusal } = error.details['body']
  const reason = isObject(refusal) ? String(refusal['code']) : ''
  const fix = refusals[reason]
  if (fix === undefined) return error
  return new CoreError('E_CONFLICT', `${model} was not called: ${error.message}`, { fix, details: { reason, model } })
}
