import type { Usage } from '../price/usage.ts'

/** Usage as Chat Completions writes it: what was cached, heard and thought is part of the sums. */
export function writeChatUsage(usage: Usage): object {
  const { prompt, completion, reasoning, cached, audioIn, audioOut } = sumsOf(usage)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(cached + audioIn > 0 && { prompt_tokens_details: { cached_tokens: cached, audio_tokens: audioIn } }),
    ...(reasoning + audioOut > 0 && {
      completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: audioOut },
    }),
  }
}

/** Usage as Responses writes it. */
export function writeResponsesUsage(usage: Usage): object {
  const { prompt, completion, reasoning, cached } = sumsOf(usage)
  return {
    input_tokens: prompt,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: completion,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: prompt + completion,
  }
}

/** Usage as Messages writes it: input without what was read from or written to a cache. */
export function writeMessagesUsage(usage: Usage): object {
  const { cacheRead = 0, cacheWrite = 0, cacheWrite1h = 0 } = usage
  const { prompt, completion } = sumsOf(usage)
  const written = cacheWrite + cacheWrite1h
  return {
    input_tokens: prompt - cacheRead - written,
    output_tokens: completion,
    ...(cacheRead > 0 && { cache_read_input_tokens: cacheRead }),
    ...(written > 0 && { cache_creation_input_tokens: written }),
  }
}

function sumsOf({
  input = 0,
  cacheRead = 0,
  cacheWrite = 0,
  cacheWrite1h = 0,
  audioIn = 0,
  imageIn = 0,
  output = 0,
  reasoning = 0,
  audioOut = 0,
}: Usage) {
  return {
    prompt: input + cacheRead + cacheWrite + cacheWrite1h + audioIn + imageIn,
    completion: output + reasoning + audioOut,
    reasoning,
    cached: cacheRead,
    audioIn,
    audioOut,
  }
}
