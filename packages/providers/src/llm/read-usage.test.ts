import { expect, test } from 'vitest'
import { writeChatUsage, writeMessagesUsage, writeResponsesUsage } from '../dialect/write-usage.ts'
import type { UsageDialect } from './driver.ts'
import { isPlausible, readUsage } from './read-usage.ts'

const forms: readonly [form: string, dialect: UsageDialect, json: object, usage: object][] = [
  [
    'Chat Completions: cached and heard is part of the prompt, thought and spoken of the completion',
    'openai',
    {
      prompt_tokens: 100,
      completion_tokens: 50,
      prompt_tokens_details: { cached_tokens: 60, audio_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 20, audio_tokens: 5 },
    },
    { input: 30, cacheRead: 60, audioIn: 10, output: 25, reasoning: 20, audioOut: 5 },
  ],
  [
    'Responses: the same by other names',
    'openai',
    {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60 },
      output_tokens: 50,
      output_tokens_details: { reasoning_tokens: 20 },
    },
    { input: 40, cacheRead: 60, output: 30, reasoning: 20 },
  ],
  [
    'a transcript by tokens',
    'openai',
    { type: 'tokens', input_tokens: 14, input_token_details: { text_tokens: 4, audio_tokens: 10 }, output_tokens: 9 },
    { input: 4, audioIn: 10, output: 9 },
  ],
  ['a transcript by seconds', 'openai', { type: 'duration', seconds: 2.5 }, { seconds: 3 }],
  ['embeddings', 'openai', { prompt_tokens: 8, total_tokens: 8 }, { input: 8 }],
  [
    'Messages: the input is without what was read from and written to the cache',
    'anthropic',
    {
      input_tokens: 10,
      cache_read_input_tokens: 90,
      cache_creation_input_tokens: 40,
      cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 10 },
      output_tokens: 20,
      server_tool_use: { web_search_requests: 2 },
    },
    { input: 10, cacheRead: 90, cacheWrite: 30, cacheWrite1h: 10, output: 20, searches: 2 },
  ],
  [
    'AI SDK: totals with their parts',
    'ai-sdk',
    { inputTokens: { total: 100, cacheRead: 60, cacheWrite: 10 }, outputTokens: { total: 50, reasoning: 20 } },
    { input: 30, cacheRead: 60, cacheWrite: 10, output: 30, reasoning: 20 },
  ],
]

test.each(forms)('%s', (_form, dialect, json, usage) => {
  expect(readUsage(dialect, json)).toEqual(usage)
})

test('what is written in a form of usage is read from it', () => {
  const usage = { input: 40, cacheRead: 60, output: 30, reasoning: 20 }
  expect(readUsage('openai', writeChatUsage(usage))).toEqual(usage)
  expect(readUsage('openai', writeResponsesUsage(usage))).toEqual(usage)
  const cached = { input: 40, cacheRead: 60, cacheWrite: 7, output: 50 }
  expect(readUsage('anthropic', writeMessagesUsage(cached))).toEqual(cached)
})

const impossible: readonly [what: string, dialect: UsageDialect, json: unknown][] = [
  ['none', 'openai', undefined],
  ['without its prompt', 'openai', { completion_tokens: 1 }],
  ['negative', 'openai', { prompt_tokens: -5, completion_tokens: 1 }],
  ['fractional', 'openai', { prompt_tokens: 1.5, completion_tokens: 1 }],
  ['no number', 'openai', { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: '9' } }],
  [
    'more cached than sent',
    'openai',
    { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 11 } },
  ],
  [
    'more cached than sent, by Responses',
    'openai',
    { input_tokens: 10, output_tokens: 1, input_tokens_details: { cached_tokens: 11 } },
  ],
  [
    'more thought than answered',
    'openai',
    { prompt_tokens: 1, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 6 } },
  ],
  [
    'more thought than answered, by Responses',
    'openai',
    { input_tokens: 1, output_tokens: 5, output_tokens_details: { reasoning_tokens: 6 } },
  ],
  [
    'more written for an hour than at all',
    'anthropic',
    {
      input_tokens: 1,
      output_tokens: 1,
      cache_creation_input_tokens: 1,
      cache_creation: { ephemeral_1h_input_tokens: 2 },
    },
  ],
  [
    'more cached than sent, by AI SDK',
    'ai-sdk',
    { inputTokens: { total: 1, cacheRead: 2 }, outputTokens: { total: 1 } },
  ],
]

test.each(impossible)('usage that is %s is not believed', (_what, dialect, json) => {
  expect(readUsage(dialect, json)).toBeUndefined()
})

test('output of more than four times what was asked for, and 10,000, is not believed', () => {
  expect(isPlausible({ output: 10_000, reasoning: 300, audioOut: 100 }, 100)).toBe(true)
  expect(isPlausible({ output: 10_000, reasoning: 300, audioOut: 101 }, 100)).toBe(false)
})
