import type { z } from 'zod/mini'
import { createSecret, type Secret } from './secret.ts'
import type { llmSection } from './sections/llm.ts'

type Parsed = z.output<typeof llmSection>

/** The section `llm`, with its keys sealed against printing. */
export interface LlmSettings extends Readonly<Omit<Parsed, 'keys' | 'fallbacks'>> {
  readonly fallbacks: readonly string[]
  readonly keys: { readonly [Provider in keyof Parsed['keys']]?: Secret }
}

export function toLlmSettings({ keys, ...settings }: Parsed): LlmSettings {
  const sealed = Object.entries(keys).map(([provider, key]) => [
    provider,
    key === undefined ? undefined : createSecret(key),
  ])
  return { ...settings, keys: Object.fromEntries(sealed) }
}
