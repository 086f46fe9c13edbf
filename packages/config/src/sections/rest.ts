import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'

export const restSection = z.prefault(
  z.strictObject({
    rpc: z._default(z.enum(['on', 'off']), 'on').register(settingRegistry, {
      variable: 'CORE_REST_RPC',
      description:
        'Whether POST /rest/v1/rpc/{function} answers as PostgREST does, for the driver `http` and for supabase-js. ' +
        'A key reaches no more there than by /v1.',
      example: 'off',
    }),
  }),
  {},
)
