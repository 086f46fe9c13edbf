import { CoreError } from '@core/foundation'
import type { Driver } from './driver.ts'
import type { ProviderSettings } from './provider-settings.ts'

/**
 * A driver for a server that speaks a dialect. Loads its package: `@ai-sdk/openai-compatible` or `@ai-sdk/anthropic`.
 * @throws CoreError E_CONFIG_INVALID where that is not installed.
 */
export async function openDialectDriver(dialect: 'openai' | 'anthropic', settings: ProviderSettings): Promise<Driver> {
  try {
    if (dialect === 'anthropic') return (await import('./drivers/anthropic.ts')).createAnthropicDriver(settings)
    return (await import('./drivers/openai.ts')).createOpenAIDriver(settings)
  } catch (cause) {
    throw new CoreError('E_CONFIG_INVALID', `the package for ${settings.name} cannot be loaded`, {
      fix: `Install it: npm install @ai-sdk/${dialect === 'anthropic' ? 'anthropic' : 'openai-compatible'}`,
      cause,
    })
  }
}
