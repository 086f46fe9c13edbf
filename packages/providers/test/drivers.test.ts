import { createAnthropic } from '@ai-sdk/anthropic'
import { createSecret } from '@core/config'
import { describeDriver, startFakeProvider } from '@core/providers/testing'
import { afterAll } from 'vitest'
import { openAnthropicDriver } from '../src/llm/drivers/anthropic.ts'
import { createLocalDriver } from '../src/llm/drivers/local.ts'
import { openOpenAIDriver } from '../src/llm/drivers/openai.ts'
import { createModelDriver } from '../src/llm/from-model.ts'

const fake = await startFakeProvider({ apiKey: 'sk-of-the-fake' })
afterAll(() => fake[Symbol.asyncDispose]())

const settings = { baseUrl: fake.url, apiKey: createSecret('sk-of-the-fake'), fetch: undefined }
const openai = await openOpenAIDriver({ name: 'openai', ...settings })
const compatible = await openOpenAIDriver({ name: 'ollama', ...settings })
const anthropic = await openAnthropicDriver({ name: 'anthropic', ...settings })
const models = createAnthropic({ baseURL: fake.url, apiKey: 'sk-of-the-fake' })
const aiSdk = createModelDriver({
  name: 'ai-sdk',
  dialect: 'ai-sdk',
  hears: () => false,
  language: (model) => models(model),
})

describeDriver('local', () => ({ driver: createLocalDriver(), hasFaults: false }))
describeDriver('openai', () => ({ driver: openai }))
describeDriver('openai-compatible', () => ({ driver: compatible }))
describeDriver('anthropic', () => ({ driver: anthropic, canEmbed: false, canTranscribe: false, needsUsage: true }))
describeDriver('models of AI SDK', () => ({ driver: aiSdk, canEmbed: false, canTranscribe: false, needsUsage: true }))
