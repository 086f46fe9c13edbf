import type { Logger } from '@core/foundation'
import { toGatewayError } from './denial.ts'
import { GatewayError } from './gateway-error.ts'
import { isResponseId, type KeptResponse, type KeptResponses, type ResponseName } from './kept-responses.ts'
import { listInputItems } from './list-input-items.ts'
import type { AskForResponse, StoredRequest } from './provider-responses.ts'
import type { Routing } from './routing.ts'

export interface StoredResponses {
  /**
   * The response of a caller as JSON. `query` goes to the provider that keeps it: with its question mark, or empty.
   * @throws GatewayError not_found where the caller has none of that id.
   */
  retrieve(name: ResponseName, query: string): Promise<string>
  /** A page of what the model read for it. @throws GatewayError as `retrieve`, and invalid_request. */
  listInput(name: ResponseName, query: string): Promise<string>
  /** Removes it, and says so as JSON. @throws GatewayError as `retrieve`. */
  remove(name: ResponseName): Promise<string>
}

const timeoutMs = 30_000

/** The responses that callers may name: kept by the providers that answered them, or here. None of this is metered. */
export function createStoredResponses({
  responses,
  ask,
  routing,
  logger,
}: {
  readonly responses: KeptResponses
  readonly ask: AskForResponse
  readonly routing: () => Routing | Promise<Routing>
  readonly logger: Logger
}): StoredResponses {
  async function find(name: ResponseName): Promise<KeptResponse> {
    const kept = isResponseId(name.id) ? await responses.find(name) : undefined
    if (kept === undefined) throw missing(name)
    return kept
  }

  /** What its provider says; undefined where that has it no more. */
  async function askProvider(
    { id }: ResponseName,
    { provider: wanted, providerProject }: KeptResponse,
    request: Omit<StoredRequest, 'id' | 'signal'>,
  ): Promise<string | undefined> {
    const { providers } = await routing()
    const provider = providers.find(({ name, project }) => name === wanted && project === providerProject)
    const answer = provider && ask(provider, { ...request, id, signal: AbortSignal.timeout(timeoutMs) })
    if (answer === undefined) return undefined
    const { status, body } = await answer.catch((error: unknown) => {
      logger.warn({ component: 'router', provider: wanted, err: error }, 'a provider was not reached for a response')
      throw new GatewayError('unavailable', `${wanted}, which keeps this response, cannot be reached`, {
        retryAfterMs: 1_000,
        shouldRetry: true,
      })
    })
    if (status === 404) return undefined
    if (status >= 200 && status <= 299) return body.toString()
    if (status === 400) throw new GatewayError('invalid_request', `${wanted} refuses the request`)
    if (status === 429)
      throw new GatewayError('rate_limited', `${wanted} takes no more requests now`, { retryAfterMs: 1_000 })
    throw new GatewayError('provider_failed', `${wanted}, which keeps this response, answered ${status}`)
  }

  return {
    retrieve: (name, query) =>
      known(async () => {
        const kept = await find(name)
        if (kept.content !== undefined) return JSON.stringify(kept.content.response)
        const answer = await askProvider(name, kept, { method: 'GET', query })
        if (answer === undefined) throw missing(name)
        return answer
      }),
    listInput: (name, query) =>
      known(async () => {
        const kept = await find(name)
        if (kept.content !== undefined) return listInputItems(name, kept.content.input, query)
        const answer = await askProvider(name, kept, { method: 'GET', part: 'input_items', query })
        if (answer === undefined) throw missing(name)
        return answer
      }),
    remove: (name) =>
      known(async () => {
        const kept = await find(name)
        const answer =
          kept.content === undefined
            ? await askProvider(name, kept, { method: 'DELETE', query: '' })
            : JSON.stringify({ id: name.id, object: 'response.deleted', deleted: true })
        await responses.remove(name)
        if (answer === undefined) throw missing(name)
        return answer
      }),
  }
}

/** Errors as a client reads them. */
async function known(work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    throw toGatewayError(error)
  }
}

function missing({ id }: ResponseName): GatewayError {
  return new GatewayError('not_found', `this key has no response ${JSON.stringify(id.slice(0, 200))}`)
}
