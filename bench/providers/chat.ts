import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { openLlm } from '@core/providers/llm'
import { createPriceBook } from '@core/providers/price'
import { startFakeProvider } from '@core/providers/testing'
import { generateText } from 'ai'
import { measure } from '../measure.ts'
import { type Row, toRow } from '../row.ts'
import type { BenchContext } from '../suite.ts'

const prompt = 'What is a hold?'

/** The same request to the same fake over HTTP, one after the other, by the SDK alone and by `llm.chat`. */
export async function measureChat({ measure: options, signal }: BenchContext): Promise<Row[]> {
  await using fake = await startFakeProvider()
  const provider = createOpenAICompatible({ name: 'fake', baseURL: fake.url, apiKey: 'bench' })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1 },
    { unit: 'output', nanoUsdPerMillion: 1 },
  ] as const
  const prices = createPriceBook([{ provider: 'openai-compatible', model: 'small', aliases: [], rates }])
  const config = { provider: 'openai-compatible', model: 'small', baseUrl: fake.url, fallbacks: [], keys: {}, urls: {} }
  const llm = await openLlm({ config, prices })
  const request = { messages: [{ role: 'user', content: prompt }], maxOutputTokens: 100 } as const
  const model = provider.chatModel('small')
  const measured = await measure(
    [
      {
        name: 'AI SDK',
        run: async (count) => {
          for (let index = 0; index < count; index++)
            await generateText({ model, prompt, maxOutputTokens: 100, maxRetries: 0 })
          return []
        },
      },
      {
        name: 'llm.chat',
        run: async (count) => {
          for (let index = 0; index < count; index++) await llm.chat(request)
          return []
        },
      },
    ],
    { ...options, signal },
  )
  return [
    toRow('llm.chat against generateText of AI SDK', measured.ratio('AI SDK', 'llm.chat').middle, 'x the time', {
      atMost: 1.3,
    }),
    toRow('llm.chat, with the answer of the fake', 1e3 / measured.perSecond('llm.chat'), 'ms'),
  ]
}
