import { CoreError } from '@core/foundation'
import type { Core } from './core.ts'

const paths = { openai: '/openai/v1', anthropic: '/anthropic' } as const

/**
 * The base URL that an unchanged client of OpenAI or Anthropic takes; its API key is the one of Core.
 * @throws CoreError E_CONFIG_INVALID where the core has no control plane.
 */
export function gatewayUrl({ url }: Pick<Core, 'url'>, dialect: keyof typeof paths): string {
  if (url !== undefined) return `${url}/v1/projects/current${paths[dialect]}`
  throw new CoreError(
    'E_CONFIG_INVALID',
    'models are served by a control plane, and this core is connected to a database',
    {
      fix: 'Open the core with CORE_URL and CORE_KEY, or call the models with core.llm.',
      details: { reason: 'no_control_plane' },
    },
  )
}
