import type { Driver } from './driver.ts'
import type { ProviderSettings } from './provider-settings.ts'

/**
 * A driver for a server that speaks a dialect. Loads its package: `@ai-sdk/openai-compatible` or `@ai-sdk/anthropic`.
 * @throws CoreError E_CONFIG_INVALID where that is not installed.
 */
export async function openDialectDriver(dialect: 'openai' | 'anthropic', settings: ProviderSettings): Promise<Driver> {
  if (dialect === 'anthropic') return await (await import('./drivers/anthropic.ts')).openAnthropicDriver(settings)
  return await (await import('./drivers/openai.ts')).openOpenAIDriver(settings)
}
