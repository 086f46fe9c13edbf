import { isObject } from '@core/foundation'
import { estimateTokens, tierOf } from '@core/providers/price'
import { type Feature, readNeeds } from './call-needs.ts'
import { GatewayError } from './gateway-error.ts'
import { readSearches } from './read-searches.ts'

export type Operation = 'chat' | 'responses' | 'embeddings' | 'transcription' | 'messages'

/** What the router needs to know of a request; everything else passes as it came. */
export interface ModelCall {
  readonly operation: Operation
  readonly model: string
  readonly isStream: boolean
  /** Of one answer, as asked for or assumed. */
  readonly maxOutputTokens: number
  /** Whether the request itself limits it. */
  readonly isLimited: boolean
  /** Answers that are asked for. */
  readonly count: number
  readonly inputTokens: number
  /** Of audio that is transcribed. */
  readonly seconds: number
  /** Whom the request is for, as the caller names it. */
  readonly user: string | undefined
  readonly sticky: string | undefined
  /** The client wants the usage at the end of its stream. */
  readonly wantsUsage: boolean
  readonly streamOptions: Readonly<Record<string, unknown>>
  /** Besides texts. */
  readonly needs: ReadonlySet<Feature>
  /** The service tier that it asks for, where that has a price of its own. */
  readonly tier: string | undefined
  /** Of the web, by its provider, that it may make. */
  readonly searches?: number
  /** Of a response: the id of the one that it continues. */
  readonly previousResponse?: string
  /** Of a response: a later request may name it. */
  readonly isKept?: boolean
}

export const defaultMaxOutputTokens = 4_096
const tokensPerImage = 1_615
/** Speech that is still understood: 16 kbit/s. */
const bytesPerSecond = 2_000

/** @throws GatewayError invalid_request, unsupported. */
export function readCall(
  operation: Exclude<Operation, 'transcription'>,
  body: Readonly<Record<string, unknown>>,
): ModelCall {
  const model = modelOf(body['model'])
  const asked = positive(body['max_completion_tokens'] ?? body['max_tokens'] ?? body['max_output_tokens'])
  const { metadata } = body
  const options = body['stream_options']
  const searches = readSearches(body)
  const user =
    textOf(body['safety_identifier']) ??
    textOf(body['user']) ??
    textOf(isObject(metadata) ? metadata['user_id'] : undefined)
  return {
    operation,
    model,
    isStream: body['stream'] === true && operation !== 'embeddings',
    maxOutputTokens: operation === 'embeddings' ? 0 : (asked ?? defaultMaxOutputTokens),
    isLimited: asked !== undefined,
    count: positive(body['n']) ?? 1,
    inputTokens: estimateMembers(body, unbilled),
    seconds: 0,
    user,
    sticky: textOf(body['prompt_cache_key']) ?? user,
    wantsUsage: isObject(options) && options['include_usage'] === true,
    streamOptions: isObject(options) ? options : {},
    needs: readNeeds(body),
    tier: tierOf(body['service_tier']),
    ...(searches !== undefined && { searches }),
    ...(operation === 'responses' && readKeptState(body)),
  }
}

/** @throws GatewayError invalid_request. */
export function readTranscription(form: FormData): ModelCall {
  const file = form.get('file')
  if (!(file instanceof Blob)) throw new GatewayError('invalid_request', 'file is missing', { param: 'file' })
  if (form.get('stream') === 'true')
    throw new GatewayError('unsupported', 'transcriptions are not streamed here', { param: 'stream' })
  return {
    operation: 'transcription',
    model: modelOf(form.get('model')),
    isStream: false,
    maxOutputTokens: defaultMaxOutputTokens,
    isLimited: false,
    count: 1,
    inputTokens: 0,
    seconds: Math.max(1, Math.ceil(file.size / bytesPerSecond)),
    user: undefined,
    sticky: undefined,
    wantsUsage: false,
    streamOptions: {},
    needs: new Set(),
    tier: undefined,
  }
}

function modelOf(value: unknown): string {
  if (typeof value === 'string' && value.length >= 1 && value.length <= 200) return value
  throw new GatewayError('invalid_request', 'model must be a text of 1 to 200 characters', { param: 'model' })
}

/** Of what a provider keeps, responses alone are served: what runs behind a call is not metered here. */
function readKeptState(body: Readonly<Record<string, unknown>>): Pick<ModelCall, 'previousResponse' | 'isKept'> {
  for (const param of ['background', 'conversation']) {
    const value = body[param]
    if (value === undefined || value === null || value === false) continue
    throw new GatewayError(
      'unsupported',
      `${param} is not supported: wait for the response, and continue it by previous_response_id`,
      { param },
    )
  }
  const previous = body['previous_response_id']
  const isKept = body['store'] !== false
  if (previous === undefined || previous === null) return { isKept }
  if (typeof previous === 'string') return { isKept, previousResponse: previous }
  throw new GatewayError('invalid_request', 'previous_response_id must be a text', { param: 'previous_response_id' })
}

function positive(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length >= 1 && value.length <= 500 ? value : undefined
}

/** About how many tokens the texts of a JSON value have. What is encoded in a text counts as one image. */
function estimateValue(value: unknown): number {
  if (typeof value === 'string') return isEncoded(value) ? tokensPerImage : estimateTokens(value)
  if (Array.isArray(value)) {
    // Token ids, as embeddings take them.
    if (typeof value[0] === 'number') return value.length
    return value.reduce<number>((sum, item) => sum + estimateValue(item), 0)
  }
  if (!isObject(value)) return 1
  return estimateMembers(value)
}

const unbilled: ReadonlySet<string> = new Set(['model', 'metadata'])

function estimateMembers(object: Readonly<Record<string, unknown>>, except?: ReadonlySet<string>): number {
  let sum = 2
  for (const name in object) if (!except?.has(name)) sum += estimateValue(object[name])
  return sum
}

function isEncoded(text: string): boolean {
  return text.startsWith('data:') || (text.length > 2_000 && /^[A-Za-z0-9+/_-]{2000}/.test(text))
}
