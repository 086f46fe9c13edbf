import { isCoreError, isObject, type Logger } from '@core/foundation'
import { inputOf } from './continue-response.ts'
import { isResponseId, type KeptResponses, type ResponseContent } from './kept-responses.ts'
import { textOf } from './read-body.ts'
import type { ResolvedCall } from './resolve-call.ts'
import type { Ran } from './run-targets.ts'

type Json = Readonly<Record<string, unknown>>

const maxKeptBytes = 256 * 1024

/**
 * Notes who answered a response, before the client has it: a later request names it by its id. What its provider does not
 * keep is kept here. Never throws: without the note, the response looks like one that was not to be kept.
 */
export async function keepResponse(
  { request, call }: ResolvedCall,
  { target, answer, usage }: Ran,
  { responses, logger }: { readonly responses: KeptResponses; readonly logger: Logger },
): Promise<void> {
  if (answer === undefined || call.isKept !== true) return
  const response = readResponse(textOf(answer), call.isStream)
  const id = response?.['id']
  if (response === undefined || !isResponseId(id)) return
  const keeper = keeperOf(target.provider.kind, response['store'])
  if (keeper === 'none') return
  const previous = call.previousResponse ?? null
  const content =
    keeper === 'gateway'
      ? { input: readInput(request.body), response: { ...response, store: true, previous_response_id: previous } }
      : undefined
  if (content !== undefined && isTooLarge(content)) return
  const { project, subject } = request.caller
  const { name: provider, project: providerProject } = target.provider
  const tokens = Object.entries(usage).reduce((sum, [unit, count]) => (unit === 'requests' ? sum : sum + count), 0)
  try {
    await responses.keep({ project, subject, id }, { provider, providerProject, model: target.model, tokens, content })
  } catch (error) {
    // Without a key to seal with none is kept, which is no news at each.
    const level = isCoreError(error, 'E_CONFLICT') ? 'debug' : 'warn'
    logger[level]({ call: request.id, err: error }, 'a response of a model cannot be continued')
  }
}

/** OpenAI keeps responses; others, where they say so. */
function keeperOf(kind: string, store: unknown): 'provider' | 'gateway' | 'none' {
  if (store === true) return 'provider'
  if (kind !== 'openai') return 'gateway'
  return store === false ? 'none' : 'provider'
}

/** A plain answer, or the last event of a stream, which has it whole. */
function readResponse(text: string, isStream: boolean): Json | undefined {
  const json = parse(isStream ? text.slice(text.indexOf('data:') + 'data:'.length) : text)
  return isStream ? objectOf(json?.['response']) : json
}

function readInput(body: Uint8Array): ResponseContent['input'] {
  return inputOf(parse(textOf(body))?.['input'])
}

function isTooLarge(content: ResponseContent): boolean {
  return Buffer.byteLength(JSON.stringify(content)) > maxKeptBytes
}

function parse(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function objectOf(value: unknown): Json | undefined {
  return isObject(value) ? value : undefined
}
