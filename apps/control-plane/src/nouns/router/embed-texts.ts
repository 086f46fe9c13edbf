import { CoreError, isCoreError, isObject } from '@core/foundation'
import type { Router } from '@core/router'
import { z } from 'zod'
import type { EmbeddedTexts, EmbedTexts } from '../../process/noun.ts'
import type { CallerLedgers } from './caller-ledgers.ts'

export interface EmbedDependencies {
  readonly router: Pick<Router, 'embed'>
  readonly ledgers: CallerLedgers
}

/** Names such calls in the ledger's usage by tag. */
const tags = ['embeddings']

const answerShape = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.int().min(0).optional(), total_tokens: z.int().min(0).optional() }).optional(),
})

/** Embeds texts of a project by a model of the router. Only `provider/model` is taken: a route may change its model. */
export async function embedTexts(
  { router, ledgers }: EmbedDependencies,
  { project, subject, model, dimensions, texts, signal }: EmbedTexts,
): Promise<EmbeddedTexts> {
  const size = dimensions === undefined ? {} : { dimensions }
  try {
    const { body, headers } = await router.embed({
      body: { model, input: texts, encoding_format: 'float', ...size },
      caller: { project, account: project, subject, tags, ledger: ledgers.of({ subject }, project) },
      ...(signal === undefined ? {} : { signal }),
    })
    const target = headers['core-target']
    if (target !== model) {
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
    }
  } catch (error) {
    throw toRefusal(error, model)
  }
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
