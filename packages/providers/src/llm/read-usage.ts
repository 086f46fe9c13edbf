import { isObject } from '@core/foundation'
import type { Unit, Usage } from '../price/usage.ts'
import type { UsageDialect } from './driver.ts'

/**
 * Usage in disjoint parts from the provider's own JSON, or undefined where it is missing or cannot be right: parts that
 * are negative, fractional or above their total.
 */
export function readUsage(dialect: UsageDialect, json: unknown): Usage | undefined {
  if (!isObject(json)) return undefined
  const parts = readers[dialect](json)
  if (parts === undefined) return undefined
  const usage: Parts = {}
  for (const name in parts) {
    const unit = name as Unit
    const value = parts[unit] ?? 0
    if (!Number.isSafeInteger(value) || value < 0) return undefined
    if (value > 0) usage[unit] = value
  }
  return usage
}

type Json = Record<string, unknown>
type Parts = { [Name in Unit]?: number }

const readers: Readonly<Record<UsageDialect, (json: Json) => Parts | undefined>> = {
  // Cached, audio and image tokens are part of prompt_tokens; reasoning and audio are part of completion_tokens.
  openai(json) {
    if (json['type'] === 'duration') return { seconds: Math.ceil(numberOf(json['seconds']) ?? Number.NaN) }
    const prompt = numberOf(json['prompt_tokens'] ?? json['input_tokens'])
    const completion = numberOf(json['completion_tokens'] ?? json['output_tokens'] ?? 0)
    if (prompt === undefined || completion === undefined) return undefined
    // Chat Completions, Responses and transcriptions each have a name of their own.
    const inDetails = objectOf(
      json['prompt_tokens_details'] ?? json['input_tokens_details'] ?? json['input_token_details'],
    )
    const outDetails = objectOf(json['completion_tokens_details'] ?? json['output_tokens_details'])
    const cacheRead = count(inDetails['cached_tokens'])
    const audioIn = count(inDetails['audio_tokens'])
    const imageIn = count(inDetails['image_tokens'])
    const reasoning = count(outDetails['reasoning_tokens'])
    const audioOut = count(outDetails['audio_tokens'])
    const input = prompt - cacheRead - audioIn - imageIn
    return { input, cacheRead, audioIn, imageIn, output: completion - reasoning - audioOut, reasoning, audioOut }
  },
  // input_tokens excludes what was read from and written to the cache; thinking is part of output_tokens.
  anthropic(json) {
    const input = numberOf(json['input_tokens'])
    const output = numberOf(json['output_tokens'])
    if (input === undefined || output === undefined) return undefined
    const written = count(json['cache_creation_input_tokens'])
    const cacheWrite1h = count(objectOf(json['cache_creation'])['ephemeral_1h_input_tokens'])
    const searches = count(objectOf(json['server_tool_use'])['web_search_requests'])
    const cacheRead = count(json['cache_read_input_tokens'])
    return { input, cacheRead, cacheWrite: written - cacheWrite1h, cacheWrite1h, output, searches }
  },
  'ai-sdk'(json) {
    const input = objectOf(json['inputTokens'])
    const output = objectOf(json['outputTokens'])
    const total = numberOf(input['total'])
    const made = numberOf(output['total'])
    if (total === undefined || made === undefined) return undefined
    const cacheRead = count(input['cacheRead'])
    const cacheWrite = count(input['cacheWrite'])
    const reasoning = count(output['reasoning'])
    return { input: total - cacheRead - cacheWrite, cacheRead, cacheWrite, output: made - reasoning, reasoning }
  },
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** What is left out is 0; what is no number is no usage. */
function count(value: unknown): number {
  if (value === undefined || value === null) return 0
  return typeof value === 'number' ? value : Number.NaN
}

function objectOf(value: unknown): Json {
  return isObject(value) ? value : {}
}

/** Providers may think longer than they answer, but not without bound: more output than this is not believed. */
export function isPlausible({ output = 0, reasoning = 0, audioOut = 0 }: Usage, maxOutputTokens: number): boolean {
  return output + reasoning + audioOut <= 4 * maxOutputTokens + 10_000
}
